//! Two threads that send without end to a handler, and what a third thread runs of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{JoinHandle, ThreadId, current};
use std::time::Duration;

use bus_core::{EventBus, Subscription};
use tokio::runtime::Handle;

use crate::events::{FaultsEmit, Ping, compute, wait_until_idle};

/// How many events of others one publish may run.
pub(crate) const BOUND: u64 = 64;

/// A publish that ran so many events of others is captured for as long as the flood lasts.
const CAPTURED: u64 = 1_500;

/// The number of the events of the thread that is looked at.
pub(crate) const OWN: u64 = u64::MAX;

/// Two threads that send without end, and the count of what runs on the thread that is looked at.
pub(crate) struct Flood {
    lone: ThreadId,
    /// The runtime of that thread. The senders are in it too: a thread of the bus may go on for
    /// each of them, and is then in the runtime of that one.
    runtime: Handle,
    pub(crate) stop: AtomicBool,
    sent: AtomicU64,
    /// Events of others that ran on that thread, in all and since its runtime ran another task.
    foreign: AtomicU64,
    pub(crate) since: AtomicU64,
    pub(crate) most: AtomicU64,
    /// Events that a thread of the bus ran, and those of them that it ran outside a runtime.
    pub(crate) worker: AtomicU64,
    pub(crate) lost_runtime: AtomicU64,
}

impl Flood {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            lone: current().id(),
            runtime: Handle::current(),
            stop: AtomicBool::new(false),
            sent: AtomicU64::new(0),
            foreign: AtomicU64::new(0),
            since: AtomicU64::new(0),
            most: AtomicU64::new(0),
            worker: AtomicU64::new(0),
            lost_runtime: AtomicU64::new(0),
        })
    }

    pub(crate) fn begin(
        self: &Arc<Self>,
        bus: &EventBus,
        streams: &'static [&'static str],
    ) -> Vec<JoinHandle<u64>> {
        let thread = |at: usize| {
            let (flood, bus) = (Arc::clone(self), bus.clone());
            let sending = move || {
                let _runtime = flood.runtime.enter();
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

    pub(crate) fn handle(self: &Arc<Self>, bus: &EventBus, stream: &str, time: Duration) -> Subscription {
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
            if !self.stop.load(Ordering::SeqCst) {
                compute(time);
            }
        } else if current().name() != Some("flood") {
            self.worker.fetch_add(1, Ordering::SeqCst);
            self.lost_runtime.fetch_add(u64::from(Handle::try_current().is_err()), Ordering::SeqCst);
        }
    }

    pub(crate) fn end(&self, bus: &EventBus, threads: Vec<JoinHandle<u64>>) {
        self.stop.store(true, Ordering::SeqCst);
        for thread in threads {
            thread.join().unwrap();
        }
        wait_until_idle(bus);
    }

    #[track_caller]
    pub(crate) fn assert_ran_at_most(&self, most: u64, what: &str) {
        let foreign = self.foreign.load(Ordering::SeqCst);
        let captured = if foreign > CAPTURED { ", and would have gone on as long as the flood" } else { "" };
        assert!(foreign <= most, "{what} ran {foreign} events of others{captured}; at most {most} expected");
    }
}
