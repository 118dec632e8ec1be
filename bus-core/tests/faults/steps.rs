//! What walks over much of the bus does so in steps: others publish meanwhile.
//!
//! Only the progress of others can be seen from outside. It is counted in events and not in time:
//! a thread that walks under one lock lets the others do nothing until it is done.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bus_core::{EventBus, EventId};

use crate::common::trial;
use crate::events::{FaultsEmit, Opened, Ping, compute};

const EVENTS: u64 = 300_000;

/// How many events another thread must have published in the middle one of several rounds.
const PROGRESS: u64 = 10;

/// How many events another thread publishes while this works, in the middle one of seven rounds.
fn progress_of_others(bus: &EventBus, mut work: impl FnMut()) -> u64 {
    let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let (stopped, count, agent) = (Arc::clone(&stop), Arc::clone(&done), bus.stream("others"));
    let thread = std::thread::spawn(move || {
        while !stopped.load(Ordering::SeqCst) {
            drop(agent.emit_pong(0_u64).send());
            count.fetch_add(1, Ordering::SeqCst);
            // So that few of them fall between the beginning of the work and its lock.
            compute(Duration::from_micros(50));
        }
    });
    while done.load(Ordering::SeqCst) == 0 {
        std::thread::yield_now();
    }
    let round = |_| {
        let before = done.load(Ordering::SeqCst);
        work();
        done.load(Ordering::SeqCst) - before
    };
    let mut rounds: Vec<_> = (0..7).map(round).collect();
    stop.store(true, Ordering::SeqCst);
    thread.join().unwrap();
    rounds.sort_unstable();
    rounds[3]
}

fn fill(bus: &EventBus) -> EventId {
    let agent = bus.stream("agent");
    let first = agent.emit_ping(0_u64).send().receipt().id().unwrap();
    (1..EVENTS).for_each(|n| drop(agent.emit_ping(n).send()));
    first
}

/// Any client may send such a cursor.
#[test]
fn others_publish_while_the_cursor_of_an_unknown_run_is_looked_up() {
    trial().apart().with(|bus| bus.history(1_000_000)).run(async |bus, _| {
        fill(&bus);
        let unknown: EventId = "00c0ffee00c0ffee-42".parse().unwrap();
        let subscribe = || drop(bus.subscribe::<Opened>().since(unknown).into_stream());
        let progress = progress_of_others(&bus, subscribe);
        assert!(
            progress >= PROGRESS,
            "others published {progress} events while a cursor was looked up among {EVENTS}: the bus stood still"
        );
    });
}

#[test]
fn others_publish_while_a_reader_takes_all_of_a_long_history() {
    trial().apart().with(|bus| bus.history(1_000_000)).run(async |bus, _| {
        let first = fill(&bus);
        let progress = progress_of_others(&bus, || drop(bus.subscribe::<Ping>().since(first).into_stream()));
        assert!(
            progress >= PROGRESS,
            "others published {progress} events while a reader took {EVENTS} of the past: the bus stood still"
        );
    });
}

#[test]
fn others_publish_while_the_stats_of_many_subscriptions_are_taken() {
    trial().apart().run(async |bus, _| {
        let guards: Vec<_> = (0..100_000).map(|_| bus.subscribe::<Ping>().into_stream()).collect();
        let progress = progress_of_others(&bus, || drop(bus.stats()));
        assert!(
            progress >= PROGRESS,
            "others published {progress} events while `stats()` of 100,000 subscriptions was taken: the bus stood still"
        );
        drop(guards);
    });
}

/// In steps, and all the same without a gap and without an event twice, while history moves on.
#[test]
fn a_reader_of_a_long_past_misses_nothing_that_comes_meanwhile() {
    trial().apart().with(|bus| bus.history(1_000_000)).run(async |bus, _| {
        let first = fill(&bus);
        let (writer, stop) = (bus.clone(), Arc::new(AtomicBool::new(false)));
        let stopped = Arc::clone(&stop);
        let writing = std::thread::spawn(move || {
            let mut n = EVENTS;
            while !stopped.load(Ordering::SeqCst) {
                drop(writer.stream("agent").emit_ping(n).send());
                n += 1;
            }
            n
        });
        let mut stream = bus.subscribe::<Ping>().since(first).capacity(1_000_000).into_stream();
        stop.store(true, Ordering::SeqCst);
        let all = writing.join().unwrap();
        let mut next = 1;
        while let Some(item) = stream.try_recv() {
            let n = item.unwrap().n;
            assert_eq!(n, next, "after event {} came event {n}", next - 1);
            next += 1;
        }
        assert_eq!(next, all);
    });
}
