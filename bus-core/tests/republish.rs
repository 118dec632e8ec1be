//! An event that is published again, and again.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use bus_core::{AgentEvent, AnyEvent, EventBus, EventId};

#[derive(AgentEvent)]
enum Events {
    /// It came round.
    Passed { count: u64 },
}

fn last(bus: &EventBus) -> AnyEvent {
    bus.history().limit(1).collect().remove(0)
}

/// More rounds than a thread's stack has frames for.
const ROUNDS: usize = 30_000;

#[test]
fn what_was_republished_many_times_is_dropped_like_any_other() {
    let bus = EventBus::builder().history(1).build().unwrap();
    bus.stream("desk").emit_passed(7).send();
    for _ in 0..ROUNDS {
        bus.republish(last(&bus)).send();
    }
    let event = last(&bus);
    assert_eq!(event.payload::<Passed>().map(|passed| passed.count), Some(7));
    assert_eq!(event.seq(), ROUNDS as u64 + 1);
    drop((event, bus));
}

#[test]
fn what_two_buses_pass_on_to_each_other_is_dropped_like_any_other() {
    let (one, two) = (EventBus::new(), EventBus::new());
    one.stream("desk")
        .attribute("kept", "yes")
        .emit_dynamic("vendor_kind", serde_json::json!({ "n": 1 }))
        .send();
    let born = last(&one).id();
    for _ in 0..ROUNDS / 2 {
        two.republish(last(&one)).send();
        one.republish(last(&two)).send();
    }
    let event = last(&one);
    assert_eq!(
        (event.id(), event.attribute("kept"), event.data()["n"].as_u64()),
        (born, Some("yes"), Some(1))
    );
}

fn run_of(bus: &EventBus) -> u64 {
    bus.stream("desk").emit_passed(0).send();
    last(bus).id().run()
}

#[test]
fn the_cursor_is_the_position_in_this_bus_and_the_id_where_the_event_was_born() {
    let (one, two) = (EventBus::new(), EventBus::new());
    let (first, second) = (run_of(&one), run_of(&two));
    one.stream("desk").emit_passed(1).send();
    let born = last(&one);
    assert_eq!(born.cursor(), born.id());

    two.republish(born.clone()).send();
    let again = last(&two);
    assert_eq!((again.id(), again.id().run()), (born.id(), first));
    assert_eq!((again.cursor().run(), again.cursor().seq()), (second, again.seq()));

    // Back in the bus where it was born it has a new position, and the same id.
    one.republish(again).send();
    let back = last(&one);
    assert_eq!((back.id(), back.cursor().run(), back.cursor().seq()), (born.id(), first, 3));
}

#[test]
fn the_cursor_of_an_imported_event_is_not_the_id_that_it_was_written_with() {
    let bus = EventBus::new();
    let run = run_of(&bus);
    let line = r#"{"type":"vendor_kind","stream_id":"desk","data":{},"timestamp":"2026-11-22T06:14:08","id":"00c0ffee00c0ffee-42"}"#;
    bus.republish(bus.read_json(line).unwrap()).send();
    let event = last(&bus);
    assert_eq!(Ok(event.id()), "00c0ffee00c0ffee-42".parse::<EventId>());
    assert_eq!((event.cursor().run(), event.cursor().seq()), (run, 2));
}
