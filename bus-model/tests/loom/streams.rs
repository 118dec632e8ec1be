//! Queues and the ring: push, pop, overflow, end, and waits for one event.

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
fn a_stream_reports_every_gap() {
    explore("push, pop, overflow", || {
        let bus = bus();
        let mut stream =
            bus.subscribe::<Step>().capacity(1).overflow(Overflow::DropOldest).into_stream().with_gaps();
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
                let (from, to) = (lagged.from.seq(), lagged.to.seq());
                assert_eq!((from, lagged.missed), (next, Some(to - next + 1)));
                next = to + 1;
            }
        };
        take(block_on(stream.recv()).unwrap());
        other.join().unwrap();
        while let Some(item) = stream.try_recv() {
            take(item);
        }
        assert_eq!(next, 4, "each is read or reported once");
        accounts(&bus);
    });
}

#[test]
fn a_stream_that_closes_when_full_ends_after_its_queue() {
    explore("push, pop, close", || {
        let bus = bus();
        let mut stream =
            bus.subscribe::<Step>().capacity(1).overflow(Overflow::Close).into_stream().with_gaps();
        let other = spawn({
            let bus = bus.clone();
            move || {
                drop([send(&bus, 1), send(&bus, 2)]);
                drop(bus.close(std::time::Duration::ZERO));
            }
        });
        let mut seen = 0;
        while let Some(item) = block_on(stream.recv()) {
            seen += item.map_or_else(|lagged| lagged.missed.unwrap(), |_| 1);
        }
        other.join().unwrap();
        assert_eq!(seen, 2);
        accounts(&bus);
    });
}

/// It has fetched and unread events when a publish finds its capacity full.
#[test]
fn a_ring_reader_gets_each_event_or_gap_once() {
    explore("read from the ring, push, detach", || {
        let bus = bus();
        let mut stream = bus.subscribe::<Step>().capacity(2).into_stream().with_gaps();
        drop([send(&bus, 1), send(&bus, 2)]);
        assert_eq!(stream.try_recv().unwrap().unwrap().seq(), 1);
        let other = spawn({
            let bus = bus.clone();
            move || [send(&bus, 3), send(&bus, 4)].map(drop)
        });
        let seen =
            |item: Result<Event<Step>, bus_core::Lagged>| item.map_or_else(|gap| gap.missed.unwrap(), |_| 1);
        let meanwhile = stream.try_recv().map_or(0, seen);
        accounts(&bus);
        other.join().unwrap();
        let after: u64 = std::iter::from_fn(|| stream.try_recv()).map(seen).sum();
        assert_eq!(meanwhile + after, 3, "each is read or reported once");
        accounts(&bus);
    });
}

#[test]
fn an_ended_ring_reader_has_read_all_but_the_dropped_events() {
    explore("read from the ring, unsubscribe", || {
        let bus = bus();
        let mut stream = bus.subscribe::<Step>().into_stream().with_gaps();
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

/// Its waker may be registered already when it reads the last event.
#[test]
fn a_waiting_ring_reader_gets_the_end() {
    explore("read from the ring, wait, push, close", || {
        let bus = bus();
        let mut stream = bus.subscribe::<Step>().into_stream().with_gaps();
        let other = spawn({
            let bus = bus.clone();
            move || {
                drop([send(&bus, 1), send(&bus, 2)]);
                drop(bus.close(std::time::Duration::ZERO));
            }
        });
        // One task: the registered waker is its own.
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
fn a_ring_reader_is_woken() {
    explore("read from the ring, wait, push", || {
        let bus = bus();
        let mut stream = bus.subscribe::<Step>().into_stream().with_gaps();
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
fn a_ring_reader_keeps_its_unread_events() {
    explore("read from the ring, drop the bus", || {
        let bus = bus();
        let mut stream = bus.subscribe::<Step>().into_stream().with_gaps();
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
