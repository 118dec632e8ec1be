//! Small programs under loom: every interleaving of their threads, up to a number of preemptions. `cargo xtask models` runs them; `--exhaustive` takes the bound away.
//!
//! Each model names the fault that it catches when it is planted: [`planted_faults_are_caught`] runs it again with that fault, in a child, because a deadlock that loom finds ends the process.
#![cfg(bus_loom)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bus_core::{Event, EventBus, EventId, Overflow};
use bus_model::Step;
use loom::future::block_on;
use loom::thread::spawn;

/// A model and the fault that it must catch.
const FAULTS: &[(&str, &str)] = &[
    ("publishers_agree_on_one_order", "step_in_two"),
    ("a_subscription_that_looks_back_misses_nothing", "entry_in_two"),
    ("what_waits_at_the_end_of_a_subscription_is_counted", "drop_uncounted"),
    ("nothing_is_published_after_close", "closed_unasked"),
    ("a_wait_is_woken", "reader_unwoken"),
    ("a_stream_tells_of_every_gap", "gap_untold"),
    ("a_rider_is_woken", "reader_unwoken"),
    ("a_rider_reads_or_is_told_of_each_event_once", "gap_untold"),
    ("a_rider_reads_or_is_told_of_each_event_once", "needle_unasked"),
    ("a_rider_that_is_ended_has_read_what_is_not_counted_as_dropped", "needle_unasked"),
    ("a_receipt_is_completed", "receipt_unwoken"),
    ("a_publisher_that_waits_for_room_goes_on", "room_unwoken"),
    ("a_place_is_handed_on", "place_kept"),
    ("a_ring_is_deferred", "ring_waited_for"),
];

/// Runs a program in every interleaving, and says how many there were.
fn explore(name: &str, program: impl Fn() + Send + Sync + 'static) {
    let seen = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&seen);
    let mut builder = loom::model::Builder::new();
    builder.max_branches = 50_000;
    if std::env::var_os("BUS_EXHAUSTIVE").is_none() {
        builder.preemption_bound = Some(3);
    }
    builder.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        program();
    });
    println!("{name}: {} interleavings", seen.load(Ordering::Relaxed));
}

fn bus() -> EventBus {
    EventBus::builder().history(4).max_concurrent_handlers(1).build().unwrap()
}

fn send(bus: &EventBus, n: u64) -> bus_core::Sent {
    bus.stream("desk").emit(Step::new(n, 0)).send()
}

/// A sync handler that writes down the places it sees.
fn recorder(bus: &EventBus) -> Arc<Mutex<Vec<u64>>> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    bus.subscribe::<Step>().handle_sync(move |event| kept.lock().unwrap().push(event.seq())).detach();
    seen
}

fn accounts(bus: &EventBus) {
    bus_model::check_accounts(&bus.stats()).unwrap_or_else(|wrong| panic!("{wrong}"));
}

#[test]
fn publishers_agree_on_one_order() {
    explore("publish and publish", || {
        let bus = bus();
        let seen = recorder(&bus);
        let other = spawn({
            let bus = bus.clone();
            move || drop(send(&bus, 1))
        });
        drop(send(&bus, 2));
        other.join().unwrap();
        assert_eq!(*seen.lock().unwrap(), [1, 2]);
        let kept: Vec<_> = bus.history().oldest_first().collect().iter().map(Event::seq).collect();
        assert_eq!(kept, [1, 2]);
        accounts(&bus);
    });
}

#[test]
fn a_subscription_that_looks_back_misses_nothing() {
    explore("publish and subscribe", || {
        let bus = bus();
        let first = send(&bus, 1).receipt().id().unwrap();
        let before: EventId = first.to_string().replace("-1", "-0").parse().unwrap();
        let other = spawn({
            let bus = bus.clone();
            move || drop(send(&bus, 2))
        });
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        let handler = move |event: &Event<Step>| kept.lock().unwrap().push(event.seq());
        bus.subscribe::<Step>().since(before).handle_sync(handler).detach();
        other.join().unwrap();
        assert_eq!(*seen.lock().unwrap(), [1, 2]);
        accounts(&bus);
    });
}

#[test]
fn what_waits_at_the_end_of_a_subscription_is_counted() {
    explore("publish and unsubscribe", || {
        let bus = bus();
        let held = Arc::new(());
        let kept = Arc::clone(&held);
        let guard = bus.subscribe::<Step>().handle_sync(move |_| drop(Arc::clone(&kept)));
        let others = [1, 2].map(|n| {
            let bus = bus.clone();
            spawn(move || drop(send(&bus, n)))
        });
        drop(guard);
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(Arc::strong_count(&held), 1, "the handler is freed");
        assert!(bus.stats().subscriptions.is_empty());
        accounts(&bus);
    });
}

#[test]
fn nothing_is_published_after_close() {
    explore("publish and close", || {
        let bus = bus();
        let seen = recorder(&bus);
        let other = spawn({
            let bus = bus.clone();
            move || send(&bus, 1).receipt().refused().is_none()
        });
        drop(bus.close(std::time::Duration::ZERO));
        let published = bus.stats().published_total;
        let accepted = other.join().unwrap();
        assert_eq!(bus.stats().published_total, published);
        assert_eq!(published, u64::from(accepted));
        assert_eq!(seen.lock().unwrap().len() as u64, published);
        accounts(&bus);
    });
}

#[test]
fn a_wait_is_woken() {
    explore("publish and wait_for", || {
        let bus = bus();
        let wait = bus.wait_for::<Step>();
        let other = spawn({
            let bus = bus.clone();
            move || [send(&bus, 1), send(&bus, 2)].map(drop)
        });
        assert_eq!(block_on(wait).unwrap().seq(), 1);
        other.join().unwrap();
        accounts(&bus);
    });
}

#[test]
fn a_wait_ends_with_the_bus() {
    explore("close and wait_for", || {
        let bus = bus();
        let wait = bus.wait_for::<Step>();
        let other = spawn({
            let bus = bus.clone();
            move || drop(bus.close(std::time::Duration::ZERO))
        });
        assert_eq!(block_on(wait).unwrap_err(), bus_core::WaitError::Closed);
        other.join().unwrap();
        accounts(&bus);
    });
}

#[test]
fn a_stream_tells_of_every_gap() {
    explore("push, pop, overflow", || {
        let bus = bus();
        let mut stream = bus.subscribe::<Step>().capacity(1).overflow(Overflow::DropOldest).into_stream();
        let other = spawn({
            let bus = bus.clone();
            move || [send(&bus, 1), send(&bus, 2), send(&bus, 3)].map(drop)
        });
        let mut next = 1;
        let mut take = |item| match item {
            Ok::<Event<Step>, bus_core::Lagged>(event) => {
                assert_eq!(event.seq(), next);
                next += 1;
            }
            Err(lagged) => {
                assert_eq!((lagged.from_seq, lagged.missed), (next, lagged.to_seq - next + 1));
                next = lagged.to_seq + 1;
            }
        };
        take(block_on(stream.recv()).unwrap());
        other.join().unwrap();
        while let Some(item) = stream.try_recv() {
            take(item);
        }
        assert_eq!(next, 4, "all three are read or told of");
        accounts(&bus);
    });
}

#[test]
fn a_stream_that_closes_when_full_ends_after_its_queue() {
    explore("push, pop, close", || {
        let bus = bus();
        let mut stream = bus.subscribe::<Step>().capacity(1).overflow(Overflow::Close).into_stream();
        let other = spawn({
            let bus = bus.clone();
            move || {
                drop([send(&bus, 1), send(&bus, 2)]);
                drop(bus.close(std::time::Duration::ZERO));
            }
        });
        let mut told = 0;
        while let Some(item) = block_on(stream.recv()) {
            told += item.map_or_else(|lagged| lagged.missed, |_| 1);
        }
        other.join().unwrap();
        assert_eq!(told, 2);
        accounts(&bus);
    });
}

/// It holds events that it has fetched and not read when a publish finds its capacity used up.
#[test]
fn a_rider_reads_or_is_told_of_each_event_once() {
    explore("ride, push, alight", || {
        let bus = bus();
        let mut stream = bus.subscribe::<Step>().capacity(2).into_stream();
        drop([send(&bus, 1), send(&bus, 2)]);
        assert_eq!(stream.try_recv().unwrap().unwrap().seq(), 1);
        let other = spawn({
            let bus = bus.clone();
            move || [send(&bus, 3), send(&bus, 4)].map(drop)
        });
        let told = |item: Result<Event<Step>, bus_core::Lagged>| item.map_or_else(|gap| gap.missed, |_| 1);
        let meanwhile = stream.try_recv().map_or(0, told);
        accounts(&bus);
        other.join().unwrap();
        let after: u64 = std::iter::from_fn(|| stream.try_recv()).map(told).sum();
        assert_eq!(meanwhile + after, 3, "all are read or told of, once");
        accounts(&bus);
    });
}

#[test]
fn a_rider_that_is_ended_has_read_what_is_not_counted_as_dropped() {
    explore("ride, unsubscribe", || {
        let bus = bus();
        let mut stream = bus.subscribe::<Step>().into_stream();
        drop([send(&bus, 1), send(&bus, 2), send(&bus, 3)]);
        let id = stream.id();
        let other = spawn({
            let bus = bus.clone();
            move || assert!(bus.unsubscribe(id))
        });
        let read = std::iter::from_fn(|| stream.try_recv()).count() as u64;
        other.join().unwrap();
        assert!(stream.try_recv().is_none());
        let ended = bus.stats().ended;
        assert_eq!((ended.handled, ended.dropped), (read, 3 - read));
    });
}

#[test]
fn a_rider_is_woken() {
    explore("ride, wait, push", || {
        let bus = bus();
        let mut stream = bus.subscribe::<Step>().into_stream();
        let other = spawn({
            let bus = bus.clone();
            move || [send(&bus, 1), send(&bus, 2)].map(drop)
        });
        for n in 1..=2 {
            assert_eq!(block_on(stream.recv()).unwrap().unwrap().seq(), n);
        }
        other.join().unwrap();
        accounts(&bus);
    });
}

#[test]
fn a_rider_inherits_what_it_has_not_read() {
    explore("ride, drop the bus", || {
        let bus = bus();
        let mut stream = bus.subscribe::<Step>().into_stream();
        drop([send(&bus, 1), send(&bus, 2), send(&bus, 3)]);
        assert_eq!(stream.try_recv().unwrap().unwrap().seq(), 1);
        let other = spawn(move || drop(bus));
        for n in 2..=3 {
            assert_eq!(block_on(stream.recv()).unwrap().unwrap().seq(), n);
        }
        other.join().unwrap();
        assert!(stream.try_recv().is_none());
    });
}

#[test]
fn a_receipt_is_completed() {
    explore("receipt and delivery", || {
        let bus = bus();
        let _seen = recorder(&bus);
        let other = spawn({
            let bus = bus.clone();
            move || drop(send(&bus, 1))
        });
        let receipt = block_on(send(&bus, 2).finished());
        assert_eq!(receipt.handled(), 1);
        other.join().unwrap();
        accounts(&bus);
    });
}

#[test]
fn a_receipt_that_nobody_wants_is_let_go() {
    explore("receipt and drop", || {
        let bus = bus();
        let seen = recorder(&bus);
        let other = spawn({
            let bus = bus.clone();
            move || drop(send(&bus, 1).finished())
        });
        drop(send(&bus, 2).finished());
        other.join().unwrap();
        assert_eq!(*seen.lock().unwrap(), [1, 2]);
        accounts(&bus);
    });
}

#[test]
fn a_publisher_that_waits_for_room_goes_on() {
    explore("room", || {
        let bus = bus();
        bus.subscribe::<Step>().capacity(1).handle_sync(|_| loom::thread::yield_now()).detach();
        let others = [1, 2].map(|n| {
            let bus = bus.clone();
            spawn(move || drop(send(&bus, n)))
        });
        drop(send(&bus, 3));
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(bus.stats().subscriptions[0].counts.handled, 3);
        accounts(&bus);
    });
}

#[test]
fn a_place_is_handed_on() {
    explore("two async handlers, one place", || {
        let bus = bus();
        for _ in 0..2 {
            bus.subscribe::<Step>().handle(|_| std::future::ready(())).detach();
        }
        let receipt = block_on(send(&bus, 1).finished());
        assert_eq!(receipt.handled(), 2);
        accounts(&bus);
    });
}

#[test]
fn a_ring_is_deferred() {
    explore("ring", || {
        let bus = bus();
        let emitter = bus.stream("desk");
        let handler = move |event: Event<Step>| {
            let emitter = emitter.clone();
            async move {
                if event.hops > 0 {
                    let receipt = emitter.emit(Step::new(event.n, 0)).await;
                    assert_eq!(receipt.deferred(), 1);
                }
            }
        };
        bus.subscribe::<Step>().handle(handler).detach();
        let receipt = block_on(bus.stream("desk").emit(Step::new(1, 1)));
        assert_eq!(receipt.handled(), 1);
        accounts(&bus);
    });
}

#[test]
fn planted_faults_are_caught() {
    if std::env::var_os("BUS_FAULT").is_some() {
        return;
    }
    let own = std::env::current_exe().unwrap();
    for (model, fault) in FAULTS {
        let child = std::process::Command::new(&own)
            .args(["--exact", model])
            .env("BUS_FAULT", fault)
            .output()
            .unwrap();
        assert!(!child.status.success(), "`{model}` does not see the fault `{fault}`");
        println!("{fault}: caught by {model}");
    }
}
