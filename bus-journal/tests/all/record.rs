//! Recording: what is written is read back to the letter, at the same positions.

use std::sync::Arc;
use std::time::Duration;

use bus_core::store::{NotRecorded, Store};
use bus_core::{AgentEvent, AnyEvent, EventBus, Since};
use bus_journal::{Durability, Journal, Retention};
use serde_json::json;

use crate::support::{Place, answer, bus, events, lines, record, run_of, steps};

#[derive(AgentEvent)]
enum Doors {
    /// A door was opened.
    #[event(transient)]
    DoorOpened {
        door: String,
        #[event(redact)]
        code: String,
    },
    /// A door was shut.
    DoorShut { door: String },
}

#[test]
fn events_are_read_back_to_the_letter() {
    let (place, bus) = (Place::new(), bus());
    let plain = bus.stream("desk");
    let node = bus.stream("a \"b\" \\ \u{1} é").execution("exec-1").node("n").correlation("");
    plain.emit_door_opened("front", "1234").send();
    node.attribute("graph_id", "g-7").emit_door_shut("back").send();
    node.attribute("long", "x".repeat(2_000))
        .emit_dynamic("big", json!({ "text": "y".repeat(50_000) }))
        .send();
    plain
        .emit_dynamic("odd", json!({ "a": [1.5, "\",\"id\":\"", { "timestamp": null, "a": ["}{"] }] }))
        .send();
    let foreign = [
        r#"{"type":"a","stream_id":"s","timestamp":"0001-01-01T00:00:00","id":"f81d4fae-7dec-11d0-a765-00a0c91e6bf6","version":"0.0.1"}"#,
        r#"{"type":"a","stream_id":"s","timestamp":"2024-02-29T00:00:00.123456789","causation_id":"f81d4fae-7dec-11d0-a765-00a0c91e6bf6","extra":{"a":[1]}}"#,
        r#"{"type":"a","stream_id":"s","timestamp":"1969-12-31T23:59:59","id":"00c0ffee00c0ffee-7","causation_id":"00c0ffee00c0ffee-6","data":{"exact":1.10}}"#,
    ];
    for line in foreign {
        let event = bus.read_json(line).unwrap();
        drop(bus.republish(event).send());
    }
    let written = events(&bus);
    assert_eq!(written.len(), 7);
    let journal = place.open();
    record(&journal, &bus);
    journal.end().unwrap();

    let found = answer(journal.query().oldest_first());
    assert_eq!(found, lines(&written));
    assert!(found[0].contains(r#""code":"[redacted]""#), "{}", found[0]);
    let page = journal.query().oldest_first().page().unwrap();
    for (item, event) in page.items.iter().zip(&written) {
        let read = item.event().unwrap();
        assert_eq!(read.cursor(), event.cursor());
        assert_eq!((read.kind(), read.stream(), read.node()), (event.kind(), event.stream(), event.node()));
        assert_eq!(read.read().unwrap().to_json(), event.to_json());
    }
}

#[tokio::test]
async fn the_cause_of_an_event_is_kept() {
    let (place, bus) = (Place::new(), bus());
    let emitter = bus.stream("desk");
    let _shut = bus.subscribe::<DoorOpened>().handle_sync(move |event| {
        emitter.emit_door_shut(event.door.clone()).send();
    });
    bus.stream("desk").emit_door_opened("front", "1").await;
    let journal = place.open();
    record(&journal, &bus);
    let page = journal.query().kinds(["door_shut"]).page().unwrap();
    let read = page.items[0].event().unwrap().read().unwrap();
    assert_eq!(read.causation(), Some(events(&bus)[0].id()));
}

#[test]
fn positions_go_on_over_runs_and_each_run_is_resumed() {
    let place = Place::new();
    let mut all = Vec::new();
    let mut cursors = Vec::new();
    for _ in 0..3 {
        let (bus, journal) = (bus(), place.open());
        assert!(journal.report().is_clean(), "{}", journal.report());
        steps(&bus, 0..20);
        record(&journal, &bus);
        journal.end().unwrap();
        all.extend(lines(&events(&bus)));
        cursors.extend(events(&bus).iter().map(AnyEvent::cursor));
    }
    let reader = Journal::read(place.path()).unwrap();
    for (at, cursor) in cursors.into_iter().enumerate() {
        assert_eq!(answer(reader.query().since(cursor).oldest_first()), all[at + 1..], "{cursor}");
        let mut newest = all[..at].to_vec();
        newest.reverse();
        assert_eq!(answer(reader.query().before(cursor)), newest, "{cursor}");
    }
    assert_eq!(answer(reader.query().since(Since::Now)), [""; 0]);
}

#[tokio::test]
async fn left_out_kinds_leave_no_gap() {
    let place = Place::new();
    let journal = Journal::builder(place.path())
        .without_transient()
        .without(["noise"])
        .durability(Durability::Normal)
        .open()
        .unwrap();
    let bus = EventBus::builder().history(100).store(journal.clone()).build().unwrap();
    let desk = bus.stream("desk");
    for n in 0..10 {
        let left_out = desk.emit_dynamic("noise", json!({})).await;
        assert_eq!(left_out.recorded(), Err(NotRecorded::LeftOut));
        desk.emit_door_opened("front", "1").send();
        desk.emit_door_shut(format!("door {n}")).send();
    }
    bus.close(Duration::from_mins(1)).await;
    let shut: Vec<_> = events(&bus).into_iter().filter(|event| event.kind() == "door_shut").collect();
    assert_eq!(answer(journal.query().oldest_first()), lines(&shut));
    // The cursor of an event that is not in the journal is a position all the same.
    let noise = events(&bus)[15].cursor();
    assert_eq!(answer(journal.query().since(noise).oldest_first()), lines(&shut[5..]));
}

#[test]
fn one_bus_records_at_a_time_and_a_run_once() {
    let (place, first, second) = (Place::new(), bus(), bus());
    steps(&first, 0..1);
    steps(&second, 0..1);
    let journal = Arc::new(place.open());
    record(&journal, &first);
    let error = journal.begin(run_of(&second)).unwrap_err().to_string();
    assert!(error.contains("another bus records into this journal"), "{error}");
    journal.end().unwrap();
    let error = journal.begin(run_of(&first)).unwrap_err().to_string();
    assert!(error.contains("let the bus choose its run"), "{error}");
    record(&journal, &second);
}

#[tokio::test]
async fn recorded_events_are_there_and_the_run_has_an_end() {
    let (place, mut expected) = (Place::new(), Vec::new());
    for _ in 0..2 {
        let journal = place.open();
        assert!(journal.report().is_clean(), "{}", journal.report());
        let bus = EventBus::builder().store(journal.clone()).build().unwrap();
        let desk = bus.stream("desk");
        let (opened, shut) =
            (desk.emit_door_opened("front", "1").send(), desk.emit_door_shut("front").send());
        let id = opened.recorded().await.unwrap();
        let found = answer(journal.query().kinds(["door_opened"]).limit(1));
        assert!(found[0].contains(&format!(r#""id":"{id}""#)), "{found:?}");
        shut.recorded().await.unwrap();
        bus.close(Duration::from_mins(1)).await;
        expected.extend(lines(&events(&bus)));
    }
    assert_eq!(answer(place.open().query().oldest_first()), expected);
}

#[tokio::test]
async fn a_full_journal_leaves_a_gap_and_recording_goes_on() {
    let place = Place::new();
    let journal = Journal::builder(place.path()).max_bytes(600 << 10).open().unwrap();
    let bus = EventBus::builder().history(10_000).store(journal.clone()).build().unwrap();
    let desk = bus.stream("desk");
    let big = || desk.emit_dynamic("big", json!({ "text": "x".repeat(4_000) }));
    let mut recorded = 0;
    let full = loop {
        match big().await.recorded() {
            Ok(_) => recorded += 1,
            Err(error) => break error,
        }
    };
    assert_eq!((full, big().await.recorded()), (NotRecorded::Full, Err(NotRecorded::Full)));
    assert!(recorded > 20, "only {recorded} events fit");
    // With space again the next event comes behind the gap.
    journal.retain(Retention::all().max_events(10)).unwrap();
    assert!(desk.emit_door_shut("front").await.recorded().is_ok());
    bus.close(Duration::from_mins(1)).await;
    let found = answer(journal.query().oldest_first());
    let all = lines(&events(&bus));
    assert_eq!(found[0], format!("Retention 1..{} None", recorded - 10));
    assert_eq!(found[1..11], all[recorded - 10..recorded]);
    assert_eq!(found[11], format!("Full {}..{} Some(2)", recorded + 1, recorded + 2));
    assert_eq!(found[12..], all[recorded + 2..]);
    assert!(journal.check().unwrap().damage.is_empty());
}
