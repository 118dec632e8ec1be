//! Virtual time: it moves on to the next timer after the clock's thread has yielded often enough.
//!
//! Any such moment is possible in real time too, because a thread may stand still for long.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::executor::drop_quietly;
use super::locked;

std::thread_local! {
    // The clock of the thread that shuttle runs an execution on.
    static CLOCK: RefCell<Option<Arc<Time>>> = const { RefCell::new(None) };
}

shuttle::thread_local! {
    static ON_CLOCK: Cell<bool> = Cell::new(false);
}

/// Whether this is the thread of the clock: while it is blocked no timer fires.
pub fn on_clock() -> bool {
    ON_CLOCK.try_with(Cell::get).unwrap_or_default()
}

fn current() -> Option<Arc<Time>> {
    CLOCK.with_borrow(Clone::clone)
}

pub(super) fn is_running() -> bool {
    CLOCK.with_borrow(Option::is_some)
}

#[derive(Default)]
struct Time(Mutex<State>);

#[derive(Default)]
struct State {
    now: Duration,
    /// By deadline, and then by the order in which they were made.
    timers: BTreeMap<(Duration, u64), Waker>,
    made: u64,
    stopped: bool,
    thread: Option<shuttle::thread::Thread>,
}

/// Keeps the time of one execution.
#[derive(Debug)]
#[must_use = "time stands still without a clock"]
pub struct Clock {
    thread: shuttle::thread::JoinHandle<()>,
}

impl Clock {
    /// Starts at zero. The thread of the clock yields `patience` times before each timer that
    /// fires: with more yields the other threads get further in the meantime.
    pub fn start(patience: u32) -> Self {
        let time = Arc::<Time>::default();
        // The one before is left alone: its timers may belong to an execution that has failed.
        std::mem::forget(CLOCK.replace(Some(Arc::clone(&time))));
        Self { thread: shuttle::thread::spawn(move || time.run(patience)) }
    }

    /// Ends it: timers that have not fired never will.
    pub fn stop(self) {
        if let Some(time) = CLOCK.take() {
            let (thread, timers) = {
                let mut state = locked(&time.0);
                state.stopped = true;
                (state.thread.take(), std::mem::take(&mut state.timers))
            };
            timers.into_values().for_each(drop_quietly);
            thread.iter().for_each(shuttle::thread::Thread::unpark);
        }
        // Its thread catches what a waker panics with.
        let _ = self.thread.join();
    }
}

impl Time {
    fn run(&self, patience: u32) {
        ON_CLOCK.with(|on_clock| on_clock.set(true));
        loop {
            {
                let mut state = locked(&self.0);
                if state.stopped {
                    return;
                }
                state.thread = state.timers.is_empty().then(shuttle::thread::current);
            }
            if locked(&self.0).timers.is_empty() {
                // Without a timer it is no reason for shuttle to believe that something may happen.
                shuttle::thread::park();
                continue;
            }
            (0..patience).for_each(|_| shuttle::thread::yield_now());
            self.fire();
        }
    }

    fn fire(&self) {
        let due = {
            let mut state = locked(&self.0);
            let Some(((deadline, _), waker)) = state.timers.pop_first() else { return };
            state.now = state.now.max(deadline);
            waker
        };
        let _ = catch_unwind(AssertUnwindSafe(|| due.wake()));
    }
}

/// A moment of virtual time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(Duration);

impl Instant {
    /// The time of the clock, or zero without one.
    pub fn now() -> Self {
        Self(current().map_or(Duration::ZERO, |time| locked(&time.0).now))
    }

    /// A later moment, unless there is none so late.
    pub fn checked_add(&self, duration: Duration) -> Option<Self> {
        self.0.checked_add(duration).map(Self)
    }

    /// How long ago the other one was; zero if it is yet to come.
    pub fn duration_since(&self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// How long ago it was.
    pub fn elapsed(&self) -> Duration {
        Self::now().duration_since(*self)
    }
}

impl std::ops::Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

/// Waits until a moment of virtual time.
#[derive(Debug)]
#[must_use = "a future does nothing until it is awaited"]
pub struct Sleep {
    deadline: Duration,
    timer: Option<u64>,
}

/// Waits for so long.
pub fn sleep(duration: Duration) -> Sleep {
    sleep_until(Instant::now() + duration)
}

/// Waits until then.
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep { deadline: deadline.0, timer: None }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(time) = current() else { return Poll::Pending };
        // Cloned before the lock: a clone may run foreign code.
        let waker = context.waker().clone();
        let (before, thread) = {
            let mut state = locked(&time.0);
            if state.now >= self.deadline {
                let timer = self.timer.take();
                let before = timer.and_then(|timer| state.timers.remove(&(self.deadline, timer)));
                drop(state);
                drop_quietly(before);
                return Poll::Ready(());
            }
            if self.deadline == Duration::MAX {
                return Poll::Pending;
            }
            let timer = self.timer.unwrap_or_else(|| {
                state.made += 1;
                state.made
            });
            self.timer = Some(timer);
            let before = state.timers.insert((self.deadline, timer), waker);
            (before, state.thread.take())
        };
        drop_quietly(before);
        thread.iter().for_each(shuttle::thread::Thread::unpark);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let (Some(timer), Some(time)) = (self.timer, current()) {
            let waker = locked(&time.0).timers.remove(&(self.deadline, timer));
            drop_quietly(waker);
        }
    }
}
