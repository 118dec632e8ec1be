//! Dedicated handlers: they depend on no other handler, and their queues are bounded by bytes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bus_core::{AgentEvent, Event, EventBus, Outcome, Overflow, Sent, SubscribeError, Subscription};
use common::{Notes, all_done, block_on, settle, threaded, trial};
use tokio::sync::Semaphore;

#[derive(AgentEvent)]
enum Load {
    Work {
        n: u64,
    },
    Hang {
        n: u64,
    },
    Text {
        text: String,
    },
    #[event(critical)]
    Alarm {
        text: String,
    },
}

/// Handlers of `Hang` that wait at a gate.
fn hung(bus: &EventBus, count: usize) -> Arc<Semaphore> {
    let gate = Arc::new(Semaphore::new(0));
    for _ in 0..count {
        let wait = async |gate: Arc<Semaphore>, _: Event<Hang>| gate.acquire().await.unwrap().forget();
        bus.subscribe::<Hang>().with(Arc::clone(&gate)).handle(wait).detach();
    }
    gate
}

#[test]
fn ten_hung_handlers_do_not_hold_it_up() {
    trial().run(async |bus, _| {
        let gate = hung(&bus, 10);
        bus.stream("desk").emit_hang(0_u64).send();
        settle().await;
        let _store = bus.subscribe::<Work>().dedicated().handle(async |_| tokio::task::yield_now().await);
        let batches = bus.subscribe::<Work>().dedicated().batch(9);
        let _batches = batches.handle(async |_| tokio::task::yield_now().await);
        for n in 0..9_u64 {
            assert_eq!(bus.stream("desk").emit_work(n).await.handled(), 2);
        }
        gate.add_permits(10);
        all_done(&bus).await;
    });
}

#[test]
fn hung_dedicated_handlers_hold_up_no_other() {
    trial().with(|bus| bus.max_concurrent_handlers(1)).run(async |bus, _| {
        let gate = Arc::new(Semaphore::new(0));
        for _ in 0..3 {
            let dedicated = bus.subscribe::<Hang>().dedicated().with(Arc::clone(&gate));
            dedicated.handle(async |gate, _| gate.acquire().await.unwrap().forget()).detach();
        }
        bus.stream("desk").emit_hang(0_u64).send();
        settle().await;
        let running = bus.stats().subscriptions.iter().map(|entry| entry.running).sum::<usize>();
        assert_eq!(running, 3);
        let _work = bus.subscribe::<Work>().handle(async |_| tokio::task::yield_now().await);
        for n in 0..9_u64 {
            assert_eq!(bus.stream("desk").emit_work(n).await.handled(), 1);
        }
        gate.add_permits(3);
        all_done(&bus).await;
    });
}

/// Handlers of `Work` that count how many of them are at work at once.
fn counted(bus: &EventBus) -> Arc<AtomicUsize> {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    for _ in 0..4 {
        let state = (Arc::clone(&now), Arc::clone(&most));
        let handler = async |(now, most): (Arc<AtomicUsize>, Arc<AtomicUsize>), _: Event<Work>| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            now.fetch_sub(1, Ordering::SeqCst);
        };
        bus.subscribe::<Work>().with(state).handle(handler).detach();
    }
    most
}

#[test]
fn its_waits_give_nobody_a_permit_more() {
    for blocks in [false, true] {
        threaded(2).with(|bus| bus.max_concurrent_handlers(1)).run(async move |bus, _| {
            let most = counted(&bus);
            let dedicated = bus.subscribe::<Hang>().dedicated().with((bus.stream("desk"), blocks));
            let _guard = dedicated.handle(async |(desk, blocks), event| {
                let emit = desk.emit_work(event.n);
                let receipt =
                    if blocks { tokio::task::block_in_place(|| block_on(emit)) } else { emit.await };
                assert_eq!(receipt.handled(), 4);
            });
            for n in 0..20_u64 {
                assert_eq!(bus.stream("desk").emit_hang(n).await.handled(), 1);
            }
            assert_eq!(bus.stream("desk").emit_work(0_u64).await.handled(), 4);
            assert_eq!(most.load(Ordering::SeqCst), 1);
        });
    }
}

#[test]
fn the_time_limit_of_the_bus_does_not_bind_it_and_its_own_does() {
    let short = Duration::from_millis(20);
    threaded(1).with(|bus| bus.handler_timeout(short)).run(async move |bus, _| {
        let gate = Arc::new(Semaphore::new(0));
        let free = bus.subscribe::<Work>().name("free").dedicated().with(Arc::clone(&gate));
        let _free = free.handle(async |gate, _| gate.acquire().await.unwrap().forget());
        let bound = bus.subscribe::<Hang>().dedicated().timeout(short);
        let _bound = bound.handle(async |_| std::future::pending::<()>().await);
        let _usual = bus.subscribe::<Hang>().handle(async |_| std::future::pending::<()>().await);
        let sent = bus.stream("desk").emit_work(0_u64).send();
        // Both are over the limit, and `free` began before them.
        let late = bus.stream("desk").emit_hang(0_u64).await;
        let outcomes = late.problems().iter().map(bus_core::Problem::outcome);
        assert_eq!(outcomes.filter(|outcome| **outcome == bus_core::Outcome::TimedOut).count(), 2);
        assert_eq!(bus.stats().subscription("free").unwrap().running, 1);
        gate.add_permits(1);
        assert_eq!(sent.finished().await.handled(), 1);
    });
}

/// A dedicated handler that waits at a gate, with space for a little over two texts of 10,000 bytes
/// behind the event that it works on.
fn small(bus: &EventBus, overflow: Overflow) -> (Subscription, Arc<Semaphore>, Notes) {
    let (gate, seen) = (Arc::new(Semaphore::new(0)), Notes::new());
    let all = bus.subscribe::<Load>().name("small").overflow(overflow).dedicated().capacity_bytes(23_000);
    let all = all.with((Arc::clone(&gate), seen.clone()));
    let guard = all.handle(async |(gate, seen), event| {
        gate.acquire().await.unwrap().forget();
        seen.add(event.seq().to_string());
    });
    (guard, gate, seen)
}

fn text(bus: &EventBus, length: usize) -> Sent {
    bus.stream("desk").emit_text("x".repeat(length)).send()
}

fn alarm(bus: &EventBus) -> Sent {
    bus.stream("desk").emit_alarm("x".repeat(10_000)).send()
}

#[test]
fn what_is_not_within_the_bytes_is_overflowed_and_reported() {
    trial().run(async |bus, _| {
        let (_guard, gate, seen) = small(&bus, Overflow::Wait);
        let mut sent: Vec<_> = (0..3).map(|_| text(&bus, 10_000)).collect();
        settle().await;
        sent.push(text(&bus, 10_000));
        let lost = sent.pop().unwrap().finished().await;
        assert_eq!(lost.problems()[0].outcome(), &Outcome::Overflowed);
        // A small event still fits, and an alarm takes the place of the newest others.
        text(&bus, 10);
        alarm(&bus);
        gate.add_permits(9);
        all_done(&bus).await;
        assert_eq!(seen.all(), ["1", "2", "6"]);
    });
}

#[test]
fn one_large_event_fits_and_takes_the_place_of_several_older_ones() {
    trial().run(async |bus, _| {
        let (_guard, gate, seen) = small(&bus, Overflow::DropOldest);
        for _ in 0..3 {
            text(&bus, 10_000);
        }
        text(&bus, 90_000);
        let counts = bus.stats().subscription("small").unwrap().counts;
        assert_eq!((counts.matched, counts.overflowed), (4, 2));
        gate.add_permits(9);
        all_done(&bus).await;
        assert_eq!(seen.all(), ["1", "4"]);
    });
}

#[test]
fn no_event_is_dropped_for_one_that_does_not_fit_all_the_same() {
    trial().run(async |bus, _| {
        let (_guard, gate, seen) = small(&bus, Overflow::DropOldest);
        text(&bus, 10);
        alarm(&bus);
        text(&bus, 1_000);
        text(&bus, 1_000);
        // The alarm stays, and leaves no space for it.
        text(&bus, 20_000);
        assert_eq!(bus.stats().subscription("small").unwrap().counts.overflowed, 1);
        gate.add_permits(9);
        all_done(&bus).await;
        assert_eq!(seen.all(), ["1", "2", "3", "4"]);
    });
}

#[test]
fn twenty_thousand_small_events_are_no_overflow_and_a_capacity_in_events_holds_too() {
    trial().run(async |bus, _| {
        let store = bus.subscribe::<Work>().name("store").dedicated().batch(256);
        let _store = store.handle(async |_| tokio::task::yield_now().await);
        let few = bus.subscribe::<Work>().name("few").dedicated().capacity(2).hard_limit(2);
        let _few = few.handle(async |_| {});
        for n in 0..20_000_u64 {
            bus.stream("desk").emit_work(n).send();
        }
        all_done(&bus).await;
        let stats = bus.stats();
        assert_eq!(stats.subscription("store").unwrap().counts.handled, 20_000);
        assert_eq!(stats.subscription("few").unwrap().counts.handled, 3);
    });
}

#[test]
fn a_sync_one_is_called_in_place_and_alone() {
    trial().run(async |bus, _| {
        let seen = Notes::<u64>::new();
        let notes = seen.clone();
        let sync = bus.subscribe::<Work>().dedicated();
        let _guard = sync.handle_sync(move |event: &Event<Work>| notes.add(event.n));
        let _other = bus.subscribe::<Work>().handle_sync(|_| {});
        assert_eq!(bus.stream("desk").emit_work(7_u64).send().receipt().handled(), 2);
        assert_eq!(seen.all(), [7]);
    });
}

#[test]
fn a_sync_one_that_is_at_work_takes_no_permit_and_holds_nobody_up() {
    threaded(2).with(|bus| bus.max_concurrent_handlers(1)).run(async |bus, _| {
        let (begun, begins) = std::sync::mpsc::channel();
        let (go, going) = std::sync::mpsc::channel::<()>();
        let _dedicated = bus.subscribe::<Hang>().name("store").dedicated().handle_sync(move |_| {
            begun.send(()).unwrap();
            going.recv().unwrap();
        });
        let (notes, seen) = (Notes::<u64>::default(), Notes::<u64>::default());
        let (own, other) = (notes.clone(), seen.clone());
        // It takes the same events, and shares no group with the dedicated one.
        let _both = bus.subscribe::<(Hang, Work)>().handle_sync(move |_| own.add(1_u64));
        let _waits = bus.subscribe::<Work>().with(other).handle(async |seen, event| {
            tokio::task::yield_now().await;
            seen.add(event.n);
        });
        let desk = bus.stream("desk");
        let first = std::thread::spawn(move || desk.emit_hang(0_u64).send());
        begins.recv().unwrap();
        // It blocks the thread of its publisher, and the one permit is free.
        for n in 1..4_u64 {
            bus.stream("desk").emit_work(n).send();
        }
        while seen.all().len() < 3 {
            tokio::task::yield_now().await;
        }
        let entry = bus.stats().subscription("store").unwrap().clone();
        assert_eq!((entry.running, entry.waiting), (1, 0));
        go.send(()).unwrap();
        first.join().unwrap();
        all_done(&bus).await;
        assert_eq!(notes.all().len(), 4);
    });
}

#[test]
fn a_wrong_combination_says_what_to_drop() {
    trial().run(async |bus, _| {
        let bytes = bus.subscribe::<Work>().capacity_bytes(9).try_handle(async |_| {});
        assert_eq!(bytes.unwrap_err(), SubscribeError::NotDedicated);
        assert!(SubscribeError::NotDedicated.to_string().contains("add `.dedicated()`"));
        let core = bus.clone();
        let stream = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            drop(core.subscribe::<Work>().name("on purpose").dedicated().into_stream());
        }));
        let text = *stream.unwrap_err().downcast::<String>().unwrap();
        assert_eq!(text, SubscribeError::DedicatedReader.to_string());
    });
}
