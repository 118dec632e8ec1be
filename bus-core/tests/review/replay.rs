//! Subscriptions that look back, while the bus goes on.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bus_core::{EventBus, EventId};

use crate::common::{ON_PURPOSE, settle, trial, watch_apart};
use crate::events::{Last, Ping, ReviewedEmit, at_drop, ping};

fn first_of(bus: &EventBus) -> EventId {
    bus.history().oldest_first().limit(1).collect()[0].cursor()
}

/// Events that history evicts while the filter is asked about older ones are a gap like any other.
#[test]
fn events_that_history_evicts_during_a_replay_are_reported_as_missed() {
    watch_apart(None, |_| {
        let bus = EventBus::builder().history(600).build().unwrap();
        (1..=600).for_each(|n| ping(&bus, n));
        let (inner, done) = (bus.clone(), AtomicBool::new(false));
        let since = first_of(&bus);
        let stream = bus.subscribe::<Ping>().capacity(4_096).since(since);
        let mut stream = stream
            .filter(move |_| {
                if !done.swap(true, Ordering::SeqCst) {
                    (601..=1_800).for_each(|n| ping(&inner, n));
                }
                true
            })
            .into_stream()
            .with_gaps();
        let (mut read, mut missed, mut next) = (0, 0, 2);
        while let Some(item) = stream.try_recv() {
            match item {
                Ok(event) => {
                    assert_eq!(event.seq(), next, "an event after {read} others and {missed} missed");
                    next = event.seq() + 1;
                    read += 1;
                }
                Err(gap) => {
                    assert!(gap.from.seq() == next, "the gap begins where the events end: {gap:?}");
                    next = gap.to.seq() + 1;
                    missed += gap.missed.unwrap();
                }
            }
        }
        assert_eq!(next, 1_801);
        assert_eq!(read + missed, 1_799, "{read} read and {missed} missed");
    });
}

/// A handler that has read history still holds back those who send more than it can take.
#[test]
fn what_a_handler_replays_gives_no_capacity_to_those_who_send() {
    watch_apart(None, |stand| {
        let bus = EventBus::builder().history(100).build().unwrap();
        (1..=100).for_each(|n| ping(&bus, n));
        let since = first_of(&bus);
        let guard = bus.subscribe::<Ping>().name("slow").since(since).capacity(2).hard_limit(4);
        let _guard = guard.handle_sync(|_| std::thread::yield_now());
        assert_eq!(bus.stats().subscription("slow").unwrap().counts.matched, 99);
        stand.at("sending from two threads");
        let threads: Vec<_> = (0..2).map(|_| bus.clone()).collect();
        let threads =
            threads.into_iter().map(|bus| std::thread::spawn(move || (0..200).for_each(|n| ping(&bus, n))));
        let threads: Vec<_> = threads.collect();
        for thread in threads {
            thread.join().unwrap();
        }
        while bus.stats().subscription("slow").is_some_and(|entry| entry.running + entry.waiting > 0) {
            std::thread::yield_now();
        }
        let counts = bus.stats().subscription("slow").unwrap().counts;
        assert_eq!((counts.matched, counts.overflowed), (499, 0), "{counts:?}");
    });
}

/// Its filter publishes, so that each look at history finds more.
#[test]
fn a_wait_that_looks_back_goes_on_where_its_filter_rejects_what_it_found() {
    trial().run(async |bus, stand| {
        ping(&bus, 1);
        ping(&bus, 2);
        let (inner, asked) = (bus.clone(), AtomicU64::new(0));
        let wait = bus.subscribe::<Ping>().since(first_of(&bus)).filter(move |event| {
            if asked.fetch_add(1, Ordering::SeqCst) < 10 {
                ping(&inner, 3);
            }
            event.n == 999
        });
        let wait = wait.first();
        ping(&bus, 999);
        stand.at("waiting for event 999");
        let found = wait.await.map(|event| event.n);
        assert_eq!(found, Ok(999));
    });
}

/// The filter evicts the event that it is asked about, so that the replay has its last handle.
#[test]
fn a_payload_that_panics_when_a_replay_drops_it_reaches_nobody() {
    trial().with(|bus| bus.history(2)).run(async |bus, _| {
        ping(&bus, 1);
        let since = first_of(&bus);
        let dropped = Arc::new(Mutex::new(0));
        let count = Arc::clone(&dropped);
        let payload = at_drop(move || {
            *count.lock().unwrap() += 1;
            panic!("drop {ON_PURPOSE}");
        });
        drop(bus.stream("agent").emit_last(payload).send());
        let inner = bus.clone();
        let subscribe = bus.subscribe::<Last>().since(since).filter(move |_| {
            (0..5).for_each(|n| ping(&inner, n));
            false
        });
        let _guard = subscribe.handle_sync(|_| {});
        settle().await;
        assert_eq!(*dropped.lock().unwrap(), 1);
    });
}
