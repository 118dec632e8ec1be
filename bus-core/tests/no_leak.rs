//! Dropping the guard ends the subscription and frees the handler; waiting events are dropped and
//! counted.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::sync::{Arc, Mutex, Weak};

use bus_core::{AgentEvent, Event, EventBus, Outcome, Subscription};
use common::{Notes, settle, trial};
use tokio::sync::Semaphore;

#[derive(AgentEvent)]
enum Leak {
    Drip { n: u64 },
}

/// A value that a handler owns.
fn owned() -> (Arc<()>, Weak<()>) {
    let owned = Arc::new(());
    let weak = Arc::downgrade(&owned);
    (owned, weak)
}

#[test]
fn dropping_the_guard_frees_the_handler() {
    trial().run(async |bus, _| {
        let ((a, weak_a), (b, weak_b), (c, weak_c)) = (owned(), owned(), owned());
        let sync = bus.subscribe::<Drip>().handle_sync(move |_| drop(a.clone()));
        let own = bus.subscribe::<Drip>().concurrency(3).handle(move |_: Event<Drip>| {
            let b = b.clone();
            async move { drop(b) }
        });
        let stream =
            bus.subscribe::<Drip>().filter(move |_| Arc::strong_count(&c) > 0).into_stream().with_gaps();
        assert_eq!(bus.stream("desk").emit_drip(1_u64).await.reached(), 3);
        drop((sync, own, stream));
        assert_eq!((weak_a.strong_count(), weak_b.strong_count(), weak_c.strong_count()), (0, 0, 0));
        assert_eq!(bus.stream("desk").emit_drip(2_u64).await.reached(), 0);
        assert!(bus.stats().subscriptions.is_empty());
    });
}

#[test]
fn dropping_the_last_handle_frees_everything() {
    trial().run(async |_, _| {
        let (bus, (a, weak)) = (EventBus::new(), owned());
        bus.subscribe::<Drip>().handle_sync(move |_| drop(a.clone())).detach();
        let mut stream = bus.subscribe::<Drip>().into_stream().with_gaps();
        drop(bus.stream("desk").emit_drip(1_u64).send());
        drop(bus);
        assert_eq!(weak.strong_count(), 0);
        // Unread events of a stream are still its own; then it ends.
        assert_eq!(stream.recv().await.unwrap().unwrap().n, 1);
        assert!(stream.recv().await.is_none());
    });
}

#[test]
fn waiting_events_of_an_ended_subscription_are_dropped_and_counted() {
    trial().run(async |bus, _| {
        let (gate, seen) = (Arc::new(Semaphore::new(0)), Notes::<u64>::new());
        let (inner, notes) = (Arc::clone(&gate), seen.clone());
        let guard = bus.subscribe::<Drip>().name("slow").handle(move |event: Event<Drip>| {
            let (gate, notes) = (Arc::clone(&inner), notes.clone());
            async move {
                gate.acquire().await.unwrap().forget();
                notes.add(event.n);
            }
        });
        let sent: Vec<_> = (0..4).map(|n| bus.stream("desk").emit_drip(n).send()).collect();
        settle().await;
        drop(guard);
        gate.add_permits(9);
        let mut outcomes = Vec::new();
        for sent in sent {
            let receipt = sent.finished().await;
            outcomes.push(receipt.problems().first().map(|problem| problem.outcome().clone()));
        }
        let dropped = || Some(Outcome::Dropped);
        assert_eq!(outcomes, [None, dropped(), dropped(), dropped()]);
        assert_eq!(seen.all(), [0], "the one at work is finished");
        let ended = bus.stats().ended;
        assert_eq!((ended.matched, ended.handled, ended.dropped), (4, 1, 3));
    });
}

#[test]
fn a_handler_that_has_not_begun_does_not_begin_after_its_guard_is_dropped() {
    trial().with(|bus| bus.max_concurrent_handlers(1)).run(async |bus, _| {
        let (gate, seen) = (Arc::new(Semaphore::new(0)), Notes::<u64>::new());
        let inner = Arc::clone(&gate);
        let _holds = bus.subscribe::<Drip>().stream("holds").handle(move |_: Event<Drip>| {
            let gate = Arc::clone(&inner);
            async move { gate.acquire().await.unwrap().forget() }
        });
        let notes = seen.clone();
        let waits = bus.subscribe::<Drip>().stream("waits").handle(move |event: Event<Drip>| {
            notes.add(event.n);
            async {}
        });
        drop(bus.stream("holds").emit_drip(0_u64).send());
        settle().await;
        let sent = bus.stream("waits").emit_drip(1_u64).send();
        settle().await;
        // It waits for the only permit.
        drop(waits);
        gate.add_permits(1);
        assert_eq!(*sent.finished().await.problems()[0].outcome(), Outcome::Dropped);
        assert!(seen.all().is_empty());
    });
}

/// Found by the reference model: the task of a replay was counted as begun before it had run.
#[test]
fn a_replay_does_not_begin_after_its_guard_is_dropped() {
    trial().run(async |bus, _| {
        let first = bus.stream("desk").emit_drip(1_u64).await.id().unwrap();
        bus.stream("desk").emit_drip(2_u64).await;
        let seen = Notes::<u64>::new();
        let inner = seen.clone();
        let guard = bus.subscribe::<Drip>().since(first).handle(move |event: Event<Drip>| {
            inner.add(event.n);
            async {}
        });
        drop(guard);
        settle().await;
        assert!(seen.all().is_empty(), "its task had not run when it ended");
        let ended = bus.stats().ended;
        assert_eq!((ended.matched, ended.handled, ended.dropped), (1, 0, 1));
    });
}

#[test]
fn unsubscribing_returns_whether_it_existed() {
    trial().run(async |bus, _| {
        let id = bus.subscribe::<Drip>().handle_sync(|_| {}).detach();
        assert!(bus.unsubscribe(id) && !bus.unsubscribe(id));
        let guard = bus.subscribe::<Drip>().handle_sync(|_| {});
        assert_ne!(guard.id(), id, "ids are not used again");
        assert!(bus.unsubscribe(guard.id()));
        drop(guard);
        let stream = bus.subscribe::<Drip>().into_stream().with_gaps();
        assert!(bus.unsubscribe(stream.id()) && !bus.unsubscribe(stream.id()));
    });
}

#[test]
fn unsubscribing_another_while_both_are_in_flight_drops_its_waiting_events() {
    trial().run(async |bus, _| {
        let victim = Arc::new(Mutex::new(None::<Subscription>));
        let inner = Arc::clone(&victim);
        let _first = bus.subscribe::<Drip>().handle_sync(move |_| drop(inner.lock().unwrap().take()));
        let seen = Notes::<u64>::new();
        let notes = seen.clone();
        let second = bus.subscribe::<Drip>().name("second").handle_sync(move |event| notes.add(event.n));
        *victim.lock().unwrap() = Some(second);
        // Claimed by the same publish before it ended: that one event runs, and no later one.
        let receipt = bus.stream("desk").emit_drip(1_u64).await;
        assert_eq!((receipt.reached(), receipt.handled()), (2, 2));
        assert_eq!(bus.stream("desk").emit_drip(2_u64).await.reached(), 1);
        assert_eq!((seen.all(), bus.stats().ended.handled), (vec![1], 1));
    });
}

#[test]
fn a_guard_dropped_inside_its_own_sync_handler_frees_it_when_it_returns() {
    trial().run(async |bus, _| {
        let (a, weak) = owned();
        let own = Arc::new(Mutex::new(None::<Subscription>));
        let inner = Arc::clone(&own);
        let guard = bus.subscribe::<Drip>().handle_sync(move |_| {
            drop(inner.lock().unwrap().take());
            assert_eq!(Arc::strong_count(&a), 1);
        });
        *own.lock().unwrap() = Some(guard);
        assert_eq!(bus.stream("desk").emit_drip(1_u64).await.handled(), 1);
        assert_eq!(weak.strong_count(), 0);
    });
}

#[test]
fn a_detached_subscription_goes_on() {
    trial().run(async |bus, _| {
        bus.subscribe::<Drip>().name("detached").handle_sync(|_| {}).detach();
        for n in 0..3 {
            assert_eq!(bus.stream("desk").emit_drip(n).await.handled(), 1);
        }
        assert_eq!(bus.stats().subscription("detached").unwrap().counts.handled, 3);
    });
}

#[test]
fn between_two_events_of_a_long_backlog_a_handler_ends_with_its_guard() {
    trial().run(async |bus, _| {
        const ALL: u64 = 12_000;
        let began = Notes::<u64>::new();
        let notes = began.clone();
        let guard = bus.subscribe::<Drip>().capacity(12_000).handle(move |event: Event<Drip>| {
            notes.add(event.n);
            async {}
        });
        for n in 0..ALL {
            drop(bus.stream("desk").emit_drip(n).send());
        }
        // It yields to other tasks from time to time; this is such a moment.
        while began.all().is_empty() {
            tokio::task::yield_now().await;
        }
        let before = began.all().len();
        drop(guard);
        settle().await;
        let dropped = bus.stats().ended.dropped;
        assert_eq!((began.all().len(), before as u64 + dropped), (before, ALL));
        assert!(dropped > 0, "it was in between");
    });
}
