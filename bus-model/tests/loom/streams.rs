//! Queues and the tape: push, pop, overflow, end, and waits for one event.

use bus_core::{Event, Overflow};
use bus_model::Step;
use loom::future::block_on;
use loom::thread::spawn;

use super::{accounts, bus, explore, send};

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

/// Its waker may be left already when it reads the last event.
#[test]
fn a_rider_that_waits_is_told_of_the_end() {
    explore("ride, wait, push, close", || {
        let bus = bus();
        let mut stream = bus.subscribe::<Step>().into_stream();
        let other = spawn({
            let bus = bus.clone();
            move || {
                drop([send(&bus, 1), send(&bus, 2)]);
                drop(bus.close(std::time::Duration::ZERO));
            }
        });
        // One task: what is left is its own waker.
        block_on(async {
            for n in 1..=2 {
                assert_eq!(stream.recv().await.unwrap().unwrap().seq(), n);
            }
            assert!(stream.recv().await.is_none());
        });
        other.join().unwrap();
        accounts(&bus);
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
