//! Threads that publish at the same time: only events published while all of them run are counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Publishes one event.
pub(super) type Publish = Arc<dyn Fn() + Send + Sync>;

/// How long all threads publish before the window opens, so that caches and queues are in a steady
/// state.
const WARM: Duration = Duration::from_millis(1);

/// A span of time in which all threads published.
pub(super) struct Window {
    length: Duration,
    /// How many publishes each thread finished in it.
    pub(super) sent: Vec<u64>,
    /// How often each thread waited in it, if the system counts that.
    waited: Vec<u64>,
}

/// A counter of one thread, on a cache line of its own so that counting does not slow down the
/// other threads.
#[derive(Default)]
#[repr(align(128))]
struct Own(AtomicU64);

impl Window {
    /// The nanoseconds of one event: the time that passed by the events of all threads.
    pub(super) fn nanoseconds(&self) -> f64 {
        self.length.as_secs_f64() * 1e9 / self.all().max(1) as f64
    }

    /// How many times as many events the luckiest thread published as the unluckiest. One that
    /// published none counts as if it had published one.
    pub(super) fn share(&self) -> f64 {
        let most = self.sent.iter().max().copied().unwrap_or_default();
        let least = self.sent.iter().min().copied().unwrap_or_default();
        most.max(1) as f64 / least.max(1) as f64
    }

    /// How often a thread went to sleep for each event: the system's count of voluntary switches.
    pub(super) fn sleeps(&self) -> f64 {
        self.waited.iter().sum::<u64>() as f64 / self.all().max(1) as f64
    }

    fn all(&self) -> u64 {
        self.sent.iter().sum()
    }
}

/// Makes this many threads publish until the window closes. The calling thread sleeps meanwhile.
pub(super) fn publish_together(threads: usize, length: Duration, publish: &Publish) -> Window {
    let (running, closed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let sent: Vec<Own> = (0..threads).map(|_| Own::default()).collect();
    let ids: Vec<Own> = (0..threads).map(|_| Own::default()).collect();
    std::thread::scope(|scope| {
        for (sent, id) in sent.iter().zip(&ids) {
            let (running, closed) = (&running, &closed);
            scope.spawn(move || {
                id.0.store(thread_id(), Ordering::Relaxed);
                running.fetch_add(1, Ordering::AcqRel);
                while running.load(Ordering::Acquire) < threads {
                    std::thread::yield_now();
                }
                while !closed.load(Ordering::Relaxed) {
                    publish();
                    // No other thread writes it.
                    sent.0.store(sent.0.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
                }
            });
        }
        while running.load(Ordering::Acquire) < threads {
            std::thread::yield_now();
        }
        std::thread::sleep(WARM);
        let look = || {
            let count = |own: &Own| own.0.load(Ordering::Relaxed);
            let waited = ids.iter().map(|id| switches(count(id))).collect::<Vec<_>>();
            (Instant::now(), sent.iter().map(count).collect::<Vec<_>>(), waited)
        };
        let (opened, before, slept) = look();
        std::thread::sleep(length);
        let (end, after, sleeps) = look();
        closed.store(true, Ordering::Relaxed);
        let added = |after: &[u64], before: &[u64]| after.iter().zip(before).map(|(a, b)| a - b).collect();
        Window { length: end - opened, sent: added(&after, &before), waited: added(&sleeps, &slept) }
    })
}

/// The number of this thread in the system; 0 if the system has none.
fn thread_id() -> u64 {
    let link = std::fs::read_link("/proc/thread-self").unwrap_or_default();
    link.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok()).unwrap_or_default()
}

/// How often that thread has given up its processor to wait for something.
fn switches(thread: u64) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/self/task/{thread}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.and_then(|count| count.trim().parse().ok()).unwrap_or_default()
}
