//! A reader that resumes from the last event it got goes on behind it: after `republish` too.

use bus_core::{AnyEvent, EventBus, EventId, LagCause};

use crate::common::trial;
use crate::events::{FaultsEmit, Ping};

/// Publishes events 0 to `count` and returns them.
async fn publish(bus: &EventBus, count: u64) -> Vec<AnyEvent> {
    let mut stream = bus.subscribe_any().into_stream().with_gaps();
    for n in 0..count {
        bus.stream("agent").emit_ping(n).await;
    }
    std::iter::from_fn(|| stream.try_recv()).map(Result::unwrap).collect()
}

/// The items of a reader that begins behind an event now: the numbers of events, and `gap`.
fn read_since(bus: &EventBus, cursor: EventId) -> Vec<String> {
    let mut stream = bus.subscribe::<Ping>().since(cursor).into_stream().with_gaps();
    let items = std::iter::from_fn(|| stream.try_recv());
    items.map(|item| item.map_or_else(|_| "gap".to_owned(), |event| event.n.to_string())).collect()
}

/// Publishes event 1 of five once more, as a reader sees it that follows the bus.
async fn republished(bus: &EventBus) -> AnyEvent {
    let events = publish(bus, 5).await;
    let mut reader = bus.subscribe_any().into_stream().with_gaps();
    assert!(bus.republish(events[1].clone()).await.is_ok());
    let again = reader.try_recv().unwrap().unwrap();
    assert_eq!((again.seq(), again.id()), (6, events[1].id()), "it keeps its id and has a new position");
    again
}

#[test]
fn a_reader_that_got_a_republished_event_last_is_not_given_older_events_again() {
    trial().run(async |bus, _| {
        let last = republished(&bus).await;
        bus.stream("agent").emit_ping(5_u64).await;
        assert_eq!(
            read_since(&bus, last.cursor()),
            ["5"],
            "the reader had got everything up to the republished event"
        );
        let asked = bus.history().since(last.cursor()).oldest_first().collect();
        let seqs: Vec<_> = asked.iter().map(AnyEvent::seq).collect();
        assert_eq!(seqs, [7], "and so for a query of the history");
    });
}

#[test]
fn a_reader_that_got_a_republished_event_last_sees_no_gap() {
    trial().with(|bus| bus.history(2)).run(async |bus, _| {
        let last = republished(&bus).await;
        bus.stream("agent").emit_ping(5_u64).await;
        assert_eq!(read_since(&bus, last.cursor()), ["5"], "nothing is missing behind the last event");
    });
}

#[test]
fn the_cursor_of_an_event_published_once_is_as_before() {
    trial().run(async |bus, _| {
        let events = publish(&bus, 4).await;
        assert_eq!(read_since(&bus, events[1].cursor()), ["2", "3"]);
    });
}

/// As after a restart that restored a run, or of a client that is not honest.
fn from_the_future(bus: &EventBus, run: EventId) -> EventId {
    let newest = bus.history().limit(1).collect()[0].seq();
    format!("{:016x}-{}", run.run(), newest + 1_000).parse().unwrap()
}

#[test]
fn a_cursor_from_the_future_of_this_run_is_reported_as_a_gap() {
    trial().run(async |bus, _| {
        let events = publish(&bus, 3).await;
        let future = from_the_future(&bus, events[0].id());
        let mut stream = bus.subscribe::<Ping>().since(future).into_stream().with_gaps();
        bus.stream("agent").emit_ping(3_u64).await;
        let first = stream.try_recv().unwrap();
        assert!(first.is_err(), "a cursor that this bus never gave was taken in silence: {first:?}");
        assert_ne!(first.unwrap_err().cause, LagCause::Overflow);
        let wait = bus.subscribe::<Ping>().since(future).first();
        assert!(wait.missed().is_some(), "and so by a wait for one event");
    });
}

#[test]
fn a_handler_with_a_cursor_from_the_future_gets_a_gap_before_its_next_event() {
    trial().run(async |bus, _| {
        let events = publish(&bus, 3).await;
        let future = from_the_future(&bus, events[0].id());
        let seen = crate::common::Notes::<String>::new();
        let (lags, notes) = (seen.clone(), seen.clone());
        let _guard = bus
            .subscribe::<Ping>()
            .since(future)
            .on_lag(move |_| lags.add("gap"))
            .handle_sync(move |event| notes.add(event.n.to_string()));
        bus.stream("agent").emit_ping(3_u64).await;
        assert_eq!(seen.all().first().map(String::as_str), Some("gap"), "{:?}", seen.all());
    });
}
