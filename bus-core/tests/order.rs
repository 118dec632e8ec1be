//! A subscription sees events in strictly growing `seq`, from any number of publishing threads;
//! history has the same order.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bus_core::{AgentEvent, Event, EventBus, Overflow};
use common::{Notes, audited, threaded, trial};

#[derive(AgentEvent)]
enum Race {
    Lap {
        runner: u64,
        n: u64,
    },
    #[event(transient)]
    Step {
        n: u64,
    },
}

const THREADS: u64 = 4;
const LAPS: u64 = 2_000;

/// Several threads publish at once.
fn race(bus: &EventBus) {
    std::thread::scope(|scope| {
        for runner in 0..THREADS {
            let desk = bus.stream("desk");
            scope.spawn(move || {
                for n in 0..LAPS {
                    drop(desk.emit_lap(runner, n).send());
                    if n % 7 == 0 {
                        drop(desk.emit_step(n).send());
                    }
                }
            });
        }
    });
}

#[track_caller]
fn grows(seqs: &[u64], len: u64) {
    assert_eq!(seqs.len() as u64, len, "some are missing, or came twice");
    assert!(seqs.is_sorted_by(|a, b| a < b), "not in order");
}

#[test]
fn every_subscription_sees_growing_seq_under_any_number_of_publishers() {
    threaded(2).with(|bus| bus.history(100_000).transient_history(100_000)).run(async |bus, steps| {
        let (sync, own, spread) = (Notes::<u64>::new(), Notes::<u64>::new(), Notes::<u64>::new());
        let (a, b, c) = (sync.clone(), own.clone(), spread.clone());
        let _sync = bus.subscribe::<Lap>().handle_sync(move |event| a.add(event.seq()));
        let _own = bus.subscribe::<Lap>().hard_limit(100_000).handle(move |event: Event<Lap>| {
            b.add(event.seq());
            async move {
                if event.n.is_multiple_of(50) {
                    tokio::task::yield_now().await;
                }
            }
        });
        // A slow handler with concurrency sees each event once.
        let _spread =
            bus.subscribe::<Lap>().concurrency(4).hard_limit(100_000).handle(move |event: Event<Lap>| {
                let c = c.clone();
                async move { c.add(event.seq()) }
            });
        let mut stream = bus.subscribe_any().capacity(100_000).into_stream().with_gaps();
        steps.at("race");
        let racing = bus.clone();
        tokio::task::spawn_blocking(move || race(&racing)).await.unwrap();
        let report = bus.close(std::time::Duration::from_mins(2)).await;
        assert!(report.is_drained());
        grows(&sync.all(), THREADS * LAPS);
        grows(&own.all(), THREADS * LAPS);
        let mut spread = spread.all();
        spread.sort_unstable();
        grows(&spread, THREADS * LAPS);
        let mut read = Vec::new();
        while let Some(item) = stream.recv().await {
            read.push(item.unwrap().seq());
        }
        let all = bus.stats().published_total;
        grows(&read, all);
        // History: both rings as one, in the same order, in both directions.
        let seqs = |newest: bool| {
            let history = bus.history().limit(usize::MAX);
            let events = if newest { history.collect() } else { history.oldest_first().collect() };
            events.iter().map(bus_core::Event::seq).collect::<Vec<_>>()
        };
        grows(&seqs(false), all);
        assert!(seqs(true).is_sorted_by(|a, b| a > b));
    });
}

#[test]
fn events_of_one_publisher_keep_their_order() {
    threaded(2).with(|bus| bus.history(0)).run(async |bus, _| {
        let seen = Notes::<(u64, u64)>::new();
        let notes = seen.clone();
        let _guard = bus.subscribe::<Lap>().handle_sync(move |event| notes.add((event.runner, event.n)));
        let racing = bus.clone();
        tokio::task::spawn_blocking(move || race(&racing)).await.unwrap();
        // After a millisecond of others' events a thread of the bus handles the rest.
        assert!(bus.close(std::time::Duration::from_mins(2)).await.is_drained());
        for runner in 0..THREADS {
            let own: Vec<_> = seen.all().into_iter().filter(|lap| lap.0 == runner).map(|lap| lap.1).collect();
            assert_eq!(own, (0..LAPS).collect::<Vec<_>>());
        }
    });
}

#[test]
fn a_handler_runs_one_event_at_a_time() {
    threaded(2).run(async |bus, _| {
        let inside = Arc::new(AtomicBool::new(false));
        let (sync, own) = (Arc::clone(&inside), Arc::new(AtomicBool::new(false)));
        let _sync = bus.subscribe::<Lap>().handle_sync(move |_| {
            assert!(!sync.swap(true, Ordering::SeqCst));
            std::hint::spin_loop();
            sync.store(false, Ordering::SeqCst);
        });
        let _own = bus.subscribe::<Lap>().name("own").hard_limit(100_000).handle(move |_: Event<Lap>| {
            let inside = Arc::clone(&own);
            async move {
                assert!(!inside.swap(true, Ordering::SeqCst));
                tokio::task::yield_now().await;
                inside.store(false, Ordering::SeqCst);
            }
        });
        let racing = bus.clone();
        tokio::task::spawn_blocking(move || race(&racing)).await.unwrap();
        assert!(bus.close(std::time::Duration::from_mins(2)).await.is_drained());
        assert!(bus.stats().subscriptions.iter().all(|s| s.counts.handled == s.counts.matched));
    });
}

#[test]
fn every_loss_is_reported_when_queues_are_small() {
    threaded(2).run(async |bus, _| {
        let mut streams: Vec<_> = [Overflow::DropOldest, Overflow::DropNewest]
            .into_iter()
            .map(|overflow| bus.subscribe::<Lap>().capacity(16).overflow(overflow).into_stream().with_gaps())
            .collect();
        let (racing, reading) = (bus.clone(), Arc::new(AtomicBool::new(true)));
        let going = Arc::clone(&reading);
        let racers = std::thread::spawn(move || {
            race(&racing);
            going.store(false, Ordering::SeqCst);
        });
        let mut reported = vec![(0, 0); streams.len()];
        let mut last = true;
        while std::mem::replace(&mut last, reading.load(Ordering::SeqCst)) {
            for (stream, reported) in streams.iter_mut().zip(&mut reported) {
                while let Some(item) = stream.try_recv() {
                    match item {
                        Ok(event) => {
                            assert!(event.seq() > reported.0, "after the events reported so far");
                            reported.0 = event.seq();
                            reported.1 += 1;
                        }
                        Err(lagged) => {
                            assert!(lagged.from.seq() > reported.0 && lagged.to >= lagged.from);
                            reported.0 = lagged.to.seq();
                            reported.1 += lagged.missed.unwrap();
                        }
                    }
                }
            }
        }
        racers.join().unwrap();
        assert_eq!(reported.iter().map(|reported| reported.1).collect::<Vec<_>>(), [THREADS * LAPS; 2]);
    });
}

#[test]
fn publishing_is_one_step() {
    trial().run(async |bus, _| {
        // After the first poll all effects have happened, even if the future is dropped: history,
        // queues, and the position of the event.
        let mut stream = bus.subscribe::<Lap>().into_stream().with_gaps();
        let _slow = bus.subscribe::<Lap>().handle(|_: Event<Lap>| std::future::pending::<()>());
        let mut emit = Box::pin(bus.stream("desk").emit_lap(1_u64, 1_u64).into_future());
        assert!(common::poll_once(emit.as_mut()).is_pending());
        drop(emit);
        assert_eq!((stream.try_recv().unwrap().unwrap().seq(), bus.history().collect()[0].seq()), (1, 1));
        // An event that is neither kept nor matched gets no seq; a future that was never polled
        // published nothing.
        let bare = audited(EventBus::builder().history(0).transient_history(0).build().unwrap());
        let receipt = bare.stream("desk").emit_lap(1_u64, 1_u64).await;
        assert_eq!((receipt.seq(), receipt.id(), receipt.reached(), receipt.is_ok()), (None, None, 0, true));
        assert_eq!((bare.stats().published_total, bare.stats().discarded), (0, 1));
        drop(bus.stream("desk").emit_lap(1_u64, 2_u64).into_future());
        assert_eq!(bus.stats().published_total, 1);
    });
}
