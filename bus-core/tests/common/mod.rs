//! The fixture of every bus test: a bus under a watchdog, and a check of its stats at the end.
#![allow(dead_code, reason = "each test file is a program of its own and uses a part of this")]

pub(crate) mod child;
pub(crate) mod log;

use std::fmt::Write;
use std::future::Future;
use std::ops::Deref;
use std::pin::pin;
use std::sync::{Arc, Mutex, Once, mpsc};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bus_core::{EventBus, EventBusBuilder, Stats};
use tokio::runtime;

/// Longer than any test on a machine with ten times more to do than it can, so that only a hang
/// reaches it.
const PATIENCE: Duration = Duration::from_mins(3);

/// Set where a test is meant to hang: enough to get to that step.
pub(crate) const HANGS: &str = "BUS_HANGS";

/// Panics with this word are intended, and not printed.
pub(crate) const ON_PURPOSE: &str = "on purpose";

/// The steps of a test, for the message if it hangs.
#[derive(Clone, Default)]
pub(crate) struct Steps(Arc<Mutex<Vec<String>>>);

impl Steps {
    pub(crate) fn at(&self, step: impl Into<String>) {
        self.0.lock().unwrap().push(step.into());
    }

    /// The last few steps, oldest first.
    fn last(&self) -> String {
        let steps = self.0.lock().unwrap();
        if steps.is_empty() {
            "its beginning".to_owned()
        } else {
            steps[steps.len().saturating_sub(4)..].join(", then ")
        }
    }
}

/// A test under construction: its bus, its runtime.
pub(crate) struct Trial {
    builder: EventBusBuilder,
    runtime: runtime::Builder,
    apart: bool,
}

/// A test on a runtime of one thread.
pub(crate) fn trial() -> Trial {
    Trial { builder: EventBus::builder(), runtime: runtime::Builder::new_current_thread(), apart: false }
}

/// A test on a runtime of several threads.
pub(crate) fn threaded(threads: usize) -> Trial {
    let mut runtime = runtime::Builder::new_multi_thread();
    runtime.worker_threads(threads);
    Trial { builder: EventBus::builder(), runtime, apart: false }
}

impl Trial {
    /// Settings of the bus.
    pub(crate) fn with(mut self, change: impl FnOnce(EventBusBuilder) -> EventBusBuilder) -> Self {
        self.builder = change(self.builder);
        self
    }

    /// Pauses time; a wait moves it on.
    pub(crate) fn paused(mut self) -> Self {
        self.runtime.start_paused(true);
        self
    }

    /// Runs in a child process: a hang, a stack overflow or an abort harms no other test, and is
    /// reported under the name of this one.
    pub(crate) fn apart(self) -> Self {
        Self { apart: true, ..self }
    }

    /// Runs the test under the watchdog. The stats of the bus must add up at the end of the test,
    /// and again when its runtime is gone.
    pub(crate) fn run<F, Fut>(mut self, body: F)
    where
        F: FnOnce(EventBus, Steps) -> Fut + Send + 'static,
        Fut: Future<Output = ()>,
    {
        if self.apart && child::ran_apart(&body) {
            return;
        }
        let bus = self.builder.build().unwrap();
        let watched = bus.clone();
        watch(Some(&bus), move |steps| {
            let runtime = self.runtime.enable_all().build().unwrap();
            runtime.block_on(body(watched.clone(), steps));
            check_accounts(&watched.stats());
            drop(runtime);
            check_accounts(&watched.stats());
        });
    }
}

/// The same as [`watch`], in a child of this process.
pub(crate) fn watch_apart(bus: Option<&EventBus>, body: impl FnOnce(Steps) + Send + 'static) {
    if !child::ran_apart(&body) {
        watch(bus, body);
    }
}

/// Runs a test on a thread of its own, and prints its steps if it hangs. Afterwards the stats of
/// the bus must add up.
pub(crate) fn watch(bus: Option<&EventBus>, body: impl FnOnce(Steps) + Send + 'static) {
    keep_quiet();
    let steps = Steps::default();
    let (done, finished) = mpsc::channel();
    let inner = steps.clone();
    let test = std::thread::spawn(move || {
        body(inner);
        let _ = done.send(());
    });
    let patience = if std::env::var_os(HANGS).is_some() { PATIENCE / 60 } else { PATIENCE };
    let hung = finished.recv_timeout(patience) == Err(mpsc::RecvTimeoutError::Timeout);
    assert!(!hung, "hung after {patience:?}; last steps: {}; {}", steps.last(), picture(bus));
    if let Err(panic) = test.join() {
        std::panic::resume_unwind(panic);
    }
    if let Some(bus) = bus {
        check_accounts(&bus.stats());
    }
}

/// A second bus. When it is dropped, its stats must add up.
pub(crate) struct Audited(EventBus);

pub(crate) fn audited(bus: EventBus) -> Audited {
    Audited(bus)
}

impl Deref for Audited {
    type Target = EventBus;

    fn deref(&self) -> &EventBus {
        &self.0
    }
}

impl Drop for Audited {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            check_accounts(&self.0.stats());
        }
    }
}

/// The stats, unless the lock of the bus is blocked.
fn picture(bus: Option<&EventBus>) -> String {
    let Some(bus) = bus.cloned() else { return "no bus".to_owned() };
    let (send, stats) = mpsc::channel();
    std::thread::spawn(move || drop(send.send(bus.stats())));
    match stats.recv_timeout(Duration::from_secs(1)) {
        Ok(stats) => serde_json::to_string(&stats).unwrap(),
        Err(_) => "and the bus does not answer: its lock is held".to_owned(),
    }
}

/// matched = handled + failed + panicked + timed out + overflowed + coalesced + dropped + running +
/// waiting, for each subscription and for the ended ones.
#[track_caller]
pub(crate) fn check_accounts(stats: &Stats) {
    let mut wrong = String::new();
    let ended = ("all that ended", &stats.ended, 0, 0);
    let live = stats.subscriptions.iter().map(|s| (s.name.as_str(), &s.counts, s.running, s.waiting));
    for (name, counts, running, waiting) in live.chain([ended]) {
        let settled = counts.handled + counts.failed + counts.panicked + counts.timed_out;
        let lost = counts.overflowed + counts.coalesced + counts.dropped;
        if counts.matched != settled + lost + (running + waiting) as u64 {
            let _ = write!(wrong, "\n{name}: {counts:?} running {running} waiting {waiting}");
        }
    }
    assert!(wrong.is_empty(), "the accounts are wrong:{wrong}");
}

/// Polls a future once, like an executor that then forgets it.
pub(crate) fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Blocks this thread until a future is ready, like code outside of any runtime.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(std::thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return done;
        }
        std::thread::park();
    }
}

/// Blocks this thread until no subscription has work left. When the publishing threads have ended,
/// a thread of the bus may still work on their events.
pub(crate) fn wait_until_idle(bus: &EventBus) {
    while bus.stats().subscriptions.iter().any(|entry| entry.running + entry.waiting > 0) {
        std::thread::yield_now();
    }
}

/// Runs every ready task, on a runtime of one thread.
pub(crate) async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// A list that handlers on any thread append to.
#[derive(Clone, Default)]
pub(crate) struct Notes<T = String>(Arc<Mutex<Vec<T>>>);

impl<T: Clone> Notes<T> {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Vec::new())))
    }

    pub(crate) fn add(&self, note: impl Into<T>) {
        self.0.lock().unwrap().push(note.into());
    }

    pub(crate) fn all(&self) -> Vec<T> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn clear(&self) {
        self.0.lock().unwrap().clear();
    }
}

/// Intended panics are not printed; all others are.
fn keep_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let text = info.payload_as_str();
            if text.is_some_and(|text| !text.contains(ON_PURPOSE)) {
                loud(info);
            }
        }));
    });
}

/// Runs the handlers as far as they get, and closes the bus: none may remain. With paused time a
/// hang shows at once.
pub(crate) async fn all_done(bus: &EventBus) {
    let busy = || bus.stats().subscriptions.iter().any(|s| s.running + s.waiting > 0);
    for _ in 0..100 {
        if busy() {
            settle().await;
        }
    }
    let report = bus.close(Duration::from_hours(1)).await;
    assert!(report.is_drained(), "left: {:?}", report.left);
}
