//! One `send` under a flood of others: its thread runs its own event and few of theirs.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread::{JoinHandle, ThreadId, current};
use std::time::Duration;

use bus_core::{EventBus, Subscription};
use tokio::runtime::Handle;
use tokio::task::yield_now;

use crate::common::trial;
use crate::events::{FaultsEmit, Ping, Pong, compute, wait_until_idle};

/// How many events of others one publish may run.
const BOUND: u64 = 64;

/// A publish that ran so many events of others is captured for as long as the flood lasts.
const CAPTURED: u64 = 3_000;

/// The number of the events of the thread that is looked at.
const OWN: u64 = u64::MAX;

/// Two threads that send without end, and the count of what runs on the thread that is looked at.
struct Flood {
    lone: ThreadId,
    stop: AtomicBool,
    sent: AtomicU64,
    /// Events of others that ran on that thread, in all and since its runtime ran another task.
    foreign: AtomicU64,
    since: AtomicU64,
    most: AtomicU64,
    /// Events that neither that thread nor one of the flood ran, and those of them without a runtime.
    worker: AtomicU64,
    lost_runtime: AtomicU64,
}

impl Flood {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            lone: current().id(),
            stop: AtomicBool::new(false),
            sent: AtomicU64::new(0),
            foreign: AtomicU64::new(0),
            since: AtomicU64::new(0),
            most: AtomicU64::new(0),
            worker: AtomicU64::new(0),
            lost_runtime: AtomicU64::new(0),
        })
    }

    fn begin(self: &Arc<Self>, bus: &EventBus, streams: &'static [&'static str]) -> Vec<JoinHandle<u64>> {
        let thread = |at: usize| {
            let (flood, bus) = (Arc::clone(self), bus.clone());
            let sending = move || {
                let mut sent = 0;
                let streams = streams.iter().cycle().skip(at);
                for stream in streams {
                    if flood.stop.load(Ordering::SeqCst) {
                        break;
                    }
                    flood.sent.fetch_add(1, Ordering::SeqCst);
                    drop(bus.stream(*stream).emit_ping(sent).send());
                    sent += 1;
                }
                sent
            };
            std::thread::Builder::new().name("flood".to_owned()).spawn(sending).unwrap()
        };
        (0..2).map(thread).collect()
    }

    fn handle(self: &Arc<Self>, bus: &EventBus, stream: &str, time: Duration) -> Subscription {
        let (flood, mut first) = (Arc::clone(self), true);
        bus.subscribe::<Ping>().stream(stream).handle_sync(move |event| {
            if event.n != OWN {
                flood.count(time);
            } else if std::mem::take(&mut first) {
                // The handler was idle until now. The flood fills its queue meanwhile.
                let enough = flood.sent.load(Ordering::SeqCst) + 3 * BOUND;
                while flood.sent.load(Ordering::SeqCst) < enough && !flood.stop.load(Ordering::SeqCst) {
                    std::thread::yield_now();
                }
            }
        })
    }

    fn count(&self, time: Duration) {
        if current().id() == self.lone {
            let since = self.since.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(since, Ordering::SeqCst);
            if self.foreign.fetch_add(1, Ordering::SeqCst) >= CAPTURED {
                self.stop.store(true, Ordering::SeqCst);
            }
            std::thread::sleep(time);
        } else if current().name() != Some("flood") {
            self.worker.fetch_add(1, Ordering::SeqCst);
            self.lost_runtime.fetch_add(u64::from(Handle::try_current().is_err()), Ordering::SeqCst);
        }
    }

    fn end(&self, bus: &EventBus, threads: Vec<JoinHandle<u64>>) {
        self.stop.store(true, Ordering::SeqCst);
        for thread in threads {
            thread.join().unwrap();
        }
        wait_until_idle(bus);
    }

    #[track_caller]
    fn assert_ran_at_most(&self, most: u64, what: &str) {
        let foreign = self.foreign.load(Ordering::SeqCst);
        let captured = if foreign > CAPTURED { ", and would have gone on as long as the flood" } else { "" };
        assert!(foreign <= most, "{what} ran {foreign} events of others{captured}; at most {most} expected");
    }
}

#[test]
fn a_lone_publish_runs_few_events_of_others() {
    for awaited in [false, true] {
        trial().run(async move |bus, stand| {
            stand.at(format!("awaited {awaited}"));
            let flood = Flood::new();
            let _guard = flood.handle(&bus, "agent", Duration::ZERO);
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
fn a_handler_that_publishes_to_flooded_handlers_runs_few_events_of_others() {
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

#[test]
fn two_equal_flooders_send_about_as_much() {
    const ALL: u64 = 10_000;
    crate::common::watch(None, |_| {
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
        assert!(
            shares[0] * 3 >= shares[1],
            "of two equal senders one sent {} and one {}",
            shares[0],
            shares[1]
        );
        wait_until_idle(&bus);
    });
}
