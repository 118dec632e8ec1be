//! The journal as the archive of a bus: catching up, consumers, parked events, over restarts.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bus_core::{EventBus, LagCause, Retry, Since};
use bus_journal::{Journal, Retention};
use serde_json::json;

use crate::support::{Place, block_on};

/// A bus that records, and remembers few events.
fn bus(journal: &Journal) -> EventBus {
    EventBus::builder().store(journal.clone()).history(3).build().unwrap()
}

async fn step(bus: &EventBus, numbers: std::ops::Range<u64>) {
    let desk = bus.stream("desk").execution("exec-1");
    for n in numbers {
        desk.emit_dynamic("step", json!({ "n": n })).send();
    }
    desk.emit_dynamic("rest", json!({})).send().recorded().await.unwrap();
}

async fn close(bus: EventBus) {
    let report = bus.close(Duration::from_mins(1)).await;
    assert!(report.is_drained() && report.not_recorded == 0, "{report}");
}

/// The number of a step.
fn number<S>(event: &bus_core::Event<S>) -> u64 {
    let line: serde_json::Value = serde_json::from_str(&event.to_json()).unwrap();
    line["data"]["n"].as_u64().unwrap()
}

#[test]
fn a_reader_goes_on_behind_a_cursor_of_an_earlier_run() {
    block_on(async {
        let place = Place::new();
        let journal = place.open();
        let first = bus(&journal);
        step(&first, 0..400).await;
        let mut seen = first.subscribe_any().kinds(["step"]).since(Since::Beginning).into_stream();
        let mut cursor = None;
        for n in 0..300 {
            let event = seen.recv().await.unwrap();
            assert_eq!(number(&event), n);
            cursor = Some(event.cursor());
        }
        drop(seen);
        close(first).await;
        drop(journal);

        let journal = place.open();
        let second = bus(&journal);
        step(&second, 400..500).await;
        let rest = second.subscribe_any().kinds(["step"]).execution("exec-1").since(cursor.unwrap());
        let mut rest = rest.into_stream().with_gaps();
        for n in 300..500 {
            let event = rest.recv().await.unwrap().unwrap();
            assert_eq!(number(&event), n);
        }
        step(&second, 500..501).await;
        assert_eq!(number(&rest.recv().await.unwrap().unwrap()), 500);
        close(second).await;
        assert!(rest.recv().await.is_none());
    });
}

#[test]
fn what_retention_has_deleted_is_a_gap() {
    block_on(async {
        let place = Place::new();
        let journal = place.open();
        let bus = bus(&journal);
        step(&bus, 0..500).await;
        journal.retain(Retention::all().max_events(100)).unwrap();
        let all = bus.subscribe_any().kinds(["step"]).since(Since::Beginning);
        let mut all = all.into_stream().with_gaps();
        let gap = all.recv().await.unwrap().unwrap_err();
        assert_eq!((gap.cause, gap.from.seq()), (LagCause::Retention, 1));
        let first = all.recv().await.unwrap().unwrap();
        assert_eq!(first.cursor().seq(), gap.to.seq() + 1);
        close(bus).await;
    });
}

#[test]
fn a_consumer_keeps_its_position_and_parks_what_fails() {
    block_on(async {
        let place = Place::new();
        let seen = Arc::new(Mutex::new(Vec::new()));
        for run in 0..3 {
            let journal = place.open();
            let bus = bus(&journal);
            let (done, mut handled) = tokio::sync::mpsc::unbounded_channel();
            let own = (Arc::clone(&seen), done);
            let steps = bus.subscribe_any().kinds(["step"]).consumer("warehouse");
            let retry = Retry::new(Duration::ZERO, Duration::ZERO).then_park(2);
            let _guard = steps.retry(retry).with(own).handle(async |own, event| {
                if number(&event) % 100 == 50 {
                    return Err("no such article".into());
                }
                own.0.lock().unwrap().push(number(&event));
                Ok(own.1.send(())?)
            });
            step(&bus, run * 100..(run + 1) * 100).await;
            for _ in 0..99 {
                handled.recv().await.unwrap();
            }
            close(bus).await;
        }
        let wanted: Vec<_> = (0..300).filter(|n| n % 100 != 50).collect();
        assert_eq!(*seen.lock().unwrap(), wanted);
        let journal = place.open();
        let parked = journal.parked("warehouse").unwrap();
        let numbers: Vec<_> = parked.iter().map(|parked| parked.event.as_ref().unwrap().json()).collect();
        assert_eq!(parked.len(), 3);
        assert!(numbers[1].contains(r#""n":150"#) && parked[1].reason == "no such article", "{parked:?}");
        assert!(journal.unpark("warehouse", parked[1].cursor).unwrap());
        assert!(!journal.unpark("warehouse", parked[1].cursor).unwrap());
        assert_eq!(journal.parked("warehouse").unwrap().len(), 2);
        assert!(journal.report().is_clean(), "{}", journal.report());
    });
}

#[test]
fn a_reader_is_an_archive_that_is_only_read() {
    use bus_core::Filter;
    use bus_core::store::{Archive, PageQuery};

    block_on(async {
        let place = Place::new();
        let bus = bus(&place.open());
        step(&bus, 0..3).await;
        let reader = Journal::read(place.path()).unwrap();
        let page = Archive::read(&reader, &PageQuery::new(Since::Beginning, Filter::new(), 10)).unwrap();
        assert_eq!(page.items.len(), 4);
        let end = page.through.unwrap();
        assert!(reader.has_run(end.run()).unwrap());
        assert!(reader.set_position("warehouse", end).is_err() && reader.park("warehouse", end, "").is_err());
        assert_eq!(reader.position("warehouse").unwrap(), None);
    });
}
