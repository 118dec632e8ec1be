//! One `send` under a flood of others: its thread runs its own event and at most 64 of theirs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use bus_core::EventBus;
use tokio::task::yield_now;

use crate::common::trial;
use crate::events::{FaultsEmit, Ping, Pong, compute, wait_until_idle};
use crate::flood::{BOUND, Flood, OWN};

#[test]
fn a_lone_publish_runs_at_most_64_events_of_others() {
    for (awaited, micros) in [(false, 30), (true, 30), (false, 0), (true, 0)] {
        trial().run(async move |bus, stand| {
            stand.at(format!("awaited {awaited}, a handler of {micros} microseconds"));
            let flood = Flood::new();
            let _guard = flood.handle(&bus, "agent", Duration::from_micros(micros));
            let (bus_of_flood, inner) = (bus.clone(), Arc::clone(&flood));
            // They begin while the handler works on the lone event.
            let threads = std::thread::spawn(move || {
                while bus_of_flood.stats().published_total == 0 {
                    std::thread::yield_now();
                }
                inner.begin(&bus_of_flood, &["agent"])
            });
            if awaited {
                assert!(bus.stream("agent").emit_ping(OWN).await.is_ok());
            } else {
                drop(bus.stream("agent").emit_ping(OWN).send());
            }
            flood.end(&bus, threads.join().unwrap());
            flood.assert_ran_at_most(BOUND, "one publish under a flood");
            assert!(flood.worker.load(Ordering::SeqCst) > 0, "no thread of the bus took the rest over");
            assert_eq!(flood.lost_runtime.load(Ordering::SeqCst), 0, "handlers ran outside the runtime");
        });
    }
}

#[test]
fn a_lone_send_ends_after_a_millisecond_of_slow_events_of_others() {
    trial().run(async |bus, _| {
        let flood = Flood::new();
        let _guard = flood.handle(&bus, "agent", Duration::from_millis(5));
        let (bus_of_flood, inner) = (bus.clone(), Arc::clone(&flood));
        let threads = std::thread::spawn(move || {
            while bus_of_flood.stats().published_total == 0 {
                std::thread::yield_now();
            }
            inner.begin(&bus_of_flood, &["agent"])
        });
        drop(bus.stream("agent").emit_ping(OWN).send());
        flood.end(&bus, threads.join().unwrap());
        flood.assert_ran_at_most(2, "one send to a handler that takes 5 ms");
    });
}

/// The bound holds for the outermost publish of a thread, not anew for each publish of a handler.
#[test]
fn a_handler_that_publishes_to_flooded_handlers_runs_at_most_64_events_of_others() {
    const STREAMS: [&str; 4] = ["a", "b", "c", "d"];
    trial().run(async |bus, _| {
        let flood = Flood::new();
        let _guards = STREAMS.map(|stream| flood.handle(&bus, stream, Duration::ZERO));
        let outer = bus.clone();
        let _outer = bus.subscribe::<Pong>().handle_sync(move |_| {
            for stream in STREAMS {
                drop(outer.stream(stream).emit_ping(OWN).send());
            }
        });
        let (bus_of_flood, inner) = (bus.clone(), Arc::clone(&flood));
        let threads = std::thread::spawn(move || {
            while bus_of_flood.stats().published_total < 2 {
                std::thread::yield_now();
            }
            inner.begin(&bus_of_flood, &STREAMS)
        });
        drop(bus.stream("agent").emit_pong(0_u64).send());
        flood.end(&bus, threads.join().unwrap());
        flood.assert_ran_at_most(BOUND, "one send whose handler sends four times");
    });
}

#[test]
fn a_runtime_of_one_thread_runs_its_other_tasks_under_a_flood() {
    trial().run(async |bus, _| {
        let flood = Flood::new();
        let _guard = flood.handle(&bus, "agent", Duration::ZERO);
        let inner = Arc::clone(&flood);
        let heartbeat = tokio::spawn(async move {
            let mut beats = 0_u64;
            while !inner.stop.load(Ordering::SeqCst) {
                inner.since.store(0, Ordering::SeqCst);
                beats += 1;
                yield_now().await;
            }
            beats
        });
        yield_now().await;
        let (bus_of_flood, inner) = (bus.clone(), Arc::clone(&flood));
        let threads = std::thread::spawn(move || {
            while bus_of_flood.stats().published_total == 0 {
                std::thread::yield_now();
            }
            inner.begin(&bus_of_flood, &["agent"])
        });
        for _ in 0..50 {
            drop(bus.stream("agent").emit_ping(OWN).send());
            yield_now().await;
        }
        flood.end(&bus, threads.join().unwrap());
        let (beats, most) = (heartbeat.await.unwrap(), flood.most.load(Ordering::SeqCst));
        assert!(
            most <= BOUND,
            "between two of {beats} heartbeats the thread ran {most} events of others; \
             at most {BOUND} expected"
        );
    });
}

/// How many events each of two equal senders sent, fewest first.
fn shares() -> Vec<u64> {
    const ALL: u64 = 10_000;
    let (bus, sent) = (EventBus::new(), Arc::new(AtomicU64::new(0)));
    let _guard = bus.subscribe::<Ping>().handle_sync(|_| compute(Duration::from_micros(30)));
    let begin = Arc::new(Barrier::new(2));
    let flooder = |_| {
        let (bus, all, begin) = (bus.clone(), Arc::clone(&sent), Arc::clone(&begin));
        std::thread::spawn(move || {
            let mut own = 0_u64;
            begin.wait();
            while all.fetch_add(1, Ordering::SeqCst) < ALL {
                drop(bus.stream("agent").emit_ping(own).send());
                own += 1;
            }
            own
        })
    };
    let threads: Vec<_> = (0..2).map(flooder).collect();
    let mut shares: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    shares.sort_unstable();
    wait_until_idle(&bus);
    shares
}

#[test]
fn two_equal_flooders_send_about_as_much() {
    crate::common::watch(None, |_| {
        // A thread may also wait for a processor, in one round; an unfair bus is unfair in each.
        let unfair = |shares: &Vec<u64>| shares[0] * 3 < shares[1];
        let rounds: Vec<_> = (0..3).map_while(|_| Some(shares()).filter(unfair)).collect();
        assert!(rounds.len() < 3, "what two equal senders sent, in three rounds: {rounds:?}");
    });
}
