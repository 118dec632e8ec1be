//! The observer of a bus: what it sees of each publish and each call, and what it may do itself.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use bus_core::{AnyEvent, BoxError, Event, EventBus, HandlerDone, Observer, Receipt};
use serde_json::json;

use crate::common::{Notes, ON_PURPOSE, all_done, settle, trial, watch_apart};
use crate::events::{Ping, Pong, ReviewedEmit, at_drop, ping};

/// Writes down what it sees.
#[derive(Default)]
struct Seen {
    notes: Notes,
    durations: Mutex<Vec<Duration>>,
}

impl Observer for Seen {
    fn publish_begun(&self, event: &AnyEvent) {
        self.notes.add(format!("begun {} at {}", event.kind(), event.seq()));
    }

    fn handler_done(&self, done: &HandlerDone<'_>) {
        let (name, outcome, seq) = (done.name, done.outcome, done.event.seq());
        self.notes.add(format!("{name} {outcome:?} {seq}"));
        self.durations.lock().unwrap().push(done.duration);
    }

    fn publish_done(&self, event: &AnyEvent, receipt: &Receipt) {
        let (seq, handled) = (event.seq(), receipt.handled());
        let refused = receipt.refused().map(|_| ", refused").unwrap_or_default();
        self.notes.add(format!("done {} at {seq}, {handled} handled{refused}", event.kind()));
    }
}

fn observed() -> (Arc<Seen>, EventBus) {
    let seen = Arc::new(Seen::default());
    let bus = EventBus::builder().observe(Arc::<Seen>::clone(&seen)).build().unwrap();
    (seen, bus)
}

#[test]
fn an_observer_sees_each_call_of_a_group_and_how_it_ended() {
    trial().run(async |_, _| {
        let (seen, bus) = observed();
        let _first = bus.subscribe::<Ping>().name("first").handle_sync(|_| {});
        let failing = bus.subscribe::<Ping>().name("failing");
        let _failing = failing.handle_sync(|_| Err::<(), BoxError>("no".into()));
        let panics = bus.subscribe::<Ping>().name("panics");
        let _panics = panics.handle_sync(|_| -> () { panic!("{ON_PURPOSE}") });
        let _last = bus.subscribe::<Ping>().name("last").handle_sync(|_| {});
        let receipt = bus.stream("agent").emit_ping(1_u64).await;
        assert_eq!((receipt.reached(), receipt.handled(), receipt.problems().len()), (4, 2, 2));
        let expected = [
            "begun ping at 0",
            "first Handled 1",
            "failing Failed(\"no\") 1",
            "panics Panicked(\"on purpose\") 1",
            "last Handled 1",
            "done ping at 1, 2 handled",
        ];
        assert_eq!(seen.notes.all(), expected);
    });
}

#[test]
fn an_observer_sees_async_handlers_in_place_and_in_their_task() {
    trial().paused().run(async |_, _| {
        let (seen, bus) = observed();
        let _ready = bus.subscribe::<Ping>().name("ready").handle(async |_: Event<Ping>| {});
        let _yields = bus.subscribe::<Ping>().name("sleeps").handle(async |_: Event<Ping>| {
            // Time is paused.
            tokio::time::sleep(Duration::from_millis(5)).await;
            Err::<(), BoxError>("late".into())
        });
        let late = bus.subscribe::<Ping>().name("late").timeout(Duration::from_millis(10));
        let _late = late.handle(|_: Event<Ping>| std::future::pending::<()>());
        bus.stream("agent").emit_ping(1_u64).await;
        let notes =
            ["ready Handled 1", "done ping at 1, 1 handled", "sleeps Failed(\"late\") 1", "late TimedOut 1"];
        assert_eq!(seen.notes.all()[1..], notes);
        seen.notes.clear();
        drop(bus.stream("agent").emit_ping(2_u64).send());
        assert_eq!(seen.notes.all(), ["begun ping at 0", "done ping at 2, 0 handled"]);
        // Time is paused: the sleep ends when nothing else happens before.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let notes = ["ready Handled 2", "sleeps Failed(\"late\") 2", "late TimedOut 2"];
        assert_eq!(seen.notes.all()[2..], notes);
    });
}

#[test]
fn an_observer_sees_no_call_where_a_filter_or_the_end_came_first() {
    trial().run(async |_, _| {
        let (seen, bus) = observed();
        let _no = bus.subscribe::<Ping>().name("no").filter(|_| false).handle_sync(|_| {});
        let ends = bus.subscribe::<Ping>().name("ends").handle(async |_: Event<Ping>| {});
        drop(bus.stream("agent").emit_ping(1_u64).send());
        drop(ends);
        settle().await;
        assert_eq!(seen.notes.all(), ["begun ping at 0", "done ping at 1, 0 handled"]);
        bus.close(Duration::ZERO).await;
        drop(bus.stream("agent").emit_ping(2_u64).send());
        assert_eq!(seen.notes.all()[2..], ["begun ping at 0", "done ping at 0, 0 handled, refused"]);
    });
}

/// From the call on, not from the time when it began to wait for a permit.
#[test]
fn the_duration_of_a_call_is_that_of_the_call() {
    trial().run(async |_, _| {
        let seen = Arc::new(Seen::default());
        let bus = EventBus::builder().observe(Arc::<Seen>::clone(&seen)).max_concurrent_handlers(1);
        let bus = bus.build().unwrap();
        let held = bus.subscribe::<Ping>().name("held").handle(async |_: Event<Ping>| {
            // The time that is measured.
            tokio::time::sleep(Duration::from_millis(100)).await;
        });
        let _quick = bus.subscribe::<Pong>().name("quick").handle(async |_: Event<Pong>| {});
        drop(bus.stream("agent").emit_ping(1_u64).send());
        settle().await;
        bus.stream("agent").emit_pong(1_u64).await;
        let durations = seen.durations.lock().unwrap().clone();
        assert_eq!(durations.len(), 2, "{:?}", seen.notes.all());
        assert!(durations[0] >= Duration::from_millis(100), "{durations:?}");
        assert!(durations[1] < durations[0], "it waited for all that time, and was quick: {durations:?}");
        drop(held);
    });
}

/// It sees the end of each call that has begun, also where the runtime of the handler goes away.
#[test]
fn an_observer_sees_a_handler_whose_runtime_is_gone() {
    watch_apart(None, |_| {
        let (seen, bus) = observed();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let own = bus.clone();
        runtime.block_on(async move {
            let lost = own.subscribe::<Ping>().name("lost");
            lost.handle(|_: Event<Ping>| std::future::pending::<()>()).detach();
            ping(&own, 1);
            settle().await;
        });
        drop(runtime);
        assert_eq!(seen.notes.all()[2..], ["lost Dropped 1"]);
        assert_eq!(bus.stats().ended.dropped, 1);
    });
}

/// Panics in each of its calls.
struct Panics;

impl Observer for Panics {
    fn publish_begun(&self, _: &AnyEvent) {
        panic!("begun {ON_PURPOSE}");
    }

    fn handler_done(&self, _: &HandlerDone<'_>) {
        panic!("handled {ON_PURPOSE}");
    }

    fn publish_done(&self, _: &AnyEvent, _: &Receipt) {
        panic!("done {ON_PURPOSE}");
    }
}

impl Drop for Panics {
    fn drop(&mut self) {
        panic!("drop {ON_PURPOSE}");
    }
}

#[test]
fn an_observer_that_panics_reaches_nobody() {
    trial().run(async |_, _| {
        let bus = EventBus::builder().observe(Arc::new(Panics)).build().unwrap();
        let _sync = bus.subscribe::<Ping>().handle_sync(|_| {});
        let _ready = bus.subscribe::<Ping>().handle(async |_: Event<Ping>| {});
        let _yields = bus.subscribe::<Ping>().handle(async |_: Event<Ping>| tokio::task::yield_now().await);
        let receipt = bus.stream("agent").emit_ping(1_u64).await;
        assert_eq!((receipt.handled(), receipt.is_ok()), (3, true), "{receipt:?}");
        all_done(&bus).await;
        drop(bus);
    });
}

/// Publishes in each of its calls.
#[derive(Default)]
struct Publishes {
    bus: OnceLock<EventBus>,
    calls: Mutex<u64>,
}

impl Publishes {
    fn publish(&self) {
        let calls = {
            let mut calls = self.calls.lock().unwrap();
            *calls += 1;
            *calls
        };
        if let Some(bus) = self.bus.get().filter(|_| calls < 20_000) {
            drop(bus.stream("observer").emit_dynamic("seen", json!({})).send());
        }
    }
}

impl Observer for Publishes {
    fn publish_begun(&self, _: &AnyEvent) {
        self.publish();
    }
}

#[derive(Default)]
struct PublishesDone(Publishes);

impl Observer for PublishesDone {
    fn handler_done(&self, _: &HandlerDone<'_>) {
        self.0.publish();
    }
}

/// An event that nobody wants and nothing keeps has no position.
#[test]
fn an_observer_sees_no_position_of_an_event_that_has_none() {
    trial().run(async |_, _| {
        let seen = Arc::new(Seen::default());
        let bus = EventBus::builder().observe(Arc::<Seen>::clone(&seen)).history(0).build().unwrap();
        drop(bus.stream("agent").emit_ping(1_u64).send());
        let _guard = bus.subscribe::<Pong>().name("pongs").handle_sync(|_| {});
        drop(bus.stream("agent").emit_pong(1_u64).send());
        let expected = [
            "begun ping at 0",
            "done ping at 0, 0 handled",
            "begun pong at 0",
            "pongs Handled 1",
            "done pong at 1, 1 handled",
        ];
        assert_eq!(seen.notes.all(), expected);
    });
}

/// However long a chain may be, it is not nested on one stack.
#[test]
fn an_observer_that_publishes_does_not_go_on_without_end() {
    watch_apart(None, |stand| {
        let observer = Arc::new(Publishes::default());
        let bus = EventBus::builder().observe(Arc::<Publishes>::clone(&observer)).chain_limit(100_000);
        let bus = bus.build().unwrap();
        observer.bus.set(bus.clone()).unwrap();
        let _guard = bus.subscribe_any().handle_sync(|_| {});
        stand.at("begun");
        ping(&bus, 1);
        assert!(*observer.calls.lock().unwrap() < 100, "{} calls", observer.calls.lock().unwrap());
        let observer = Arc::new(PublishesDone::default());
        let bus = EventBus::builder().observe(Arc::<PublishesDone>::clone(&observer)).chain_limit(50);
        let bus = bus.build().unwrap();
        observer.0.bus.set(bus.clone()).unwrap();
        let _guard = bus.subscribe_any().handle_sync(|_| {});
        stand.at("handled");
        ping(&bus, 1);
        assert!(*observer.0.calls.lock().unwrap() <= 51, "{} calls", observer.0.calls.lock().unwrap());
        let report = crate::common::block_on(bus.close(Duration::ZERO));
        assert!(report.is_drained(), "{report}");
    });
}

/// Sends an event whose drop sends the next one.
fn again(bus: &EventBus, calls: &Notes<u64>) {
    calls.add(1_u64);
    if calls.all().len() < 3_000 {
        let (own, notes) = (bus.clone(), calls.clone());
        let next = at_drop(move || again(&own, &notes));
        drop(bus.stream("agent").emit_last(next).send());
    }
}

/// The observer sees the event when all others are done with it.
#[test]
fn a_payload_whose_drop_panics_or_publishes_is_harmless_under_an_observer() {
    watch_apart(None, |_| {
        let seen = Arc::new(Seen::default());
        let bus = EventBus::builder().observe(Arc::<Seen>::clone(&seen)).history(0).build().unwrap();
        drop(bus.stream("agent").emit_last(at_drop(|| panic!("{ON_PURPOSE}"))).send());
        let (own, calls) = (bus.clone(), Notes::<u64>::new());
        again(&own, &calls);
        assert!(calls.all().len() <= 66, "{} calls", calls.all().len());
    });
}
