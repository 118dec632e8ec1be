//! What is left to do when the order lock is gone: everything that runs somebody else's code.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Waker;

use crate::dispatch::Core;
use crate::dispatch::few::Few;
use crate::dispatch::lane::overflow::Lagged;
use crate::dispatch::lane::queue::Queued;
use crate::dispatch::lane::{Lane, LaneInfo};
use crate::dispatch::run::context::CalledBack;
use crate::dispatch::run::runner::{Outcome, Runner, message};
use crate::dispatch::tape::lobby::Crowd;
use crate::dispatch::tape::track::Stretch;
use crate::event::AnyEvent;
use crate::sync::Ordering;

/// Work that must not be done under the order lock. A step mostly leaves none, or one waker: making and running it is cheap then.
#[derive(Default)]
pub(crate) struct After {
    pub(crate) wakers: Few<Waker>,
    /// Of readers who waited together.
    pub(crate) crowd: Crowd,
    rare: Option<Box<Rare>>,
    /// A sync subscription has room again, and a thread waits for that.
    pub(crate) room: bool,
}

/// What few steps leave.
#[derive(Default)]
pub(crate) struct Rare {
    /// Dropped here, because dropping a payload runs the user's code.
    pub(crate) events: Vec<AnyEvent>,
    pub(crate) stretches: Vec<Arc<Stretch>>,
    /// Replaced by newer ones. Dropped here, because a waker may be the last reference to a task.
    pub(crate) wakers_to_drop: Vec<Waker>,
    pub(crate) queued: Vec<Queued>,
    pub(crate) runners: Vec<Runner>,
    pub(crate) lanes: Few<Lane>,
    /// Gaps to tell a handler of, before its next event.
    pub(crate) lags: Vec<(Arc<LaneInfo>, Lagged)>,
    pub(crate) reports: Vec<Report>,
}

/// A handler that went wrong.
pub(crate) struct Report {
    pub(crate) info: Arc<LaneInfo>,
    pub(crate) kind: String,
    pub(crate) outcome: Outcome,
}

impl After {
    #[cold]
    pub(crate) fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// Leaves a waker where the next step finds it.
    pub(crate) fn leave_waker(&mut self, place: &mut Option<Waker>, waker: &Waker) {
        if place.as_ref().is_some_and(|left| left.will_wake(waker)) {
            return;
        }
        if let Some(old) = place.replace(waker.clone()) {
            self.rare().wakers_to_drop.push(old);
        }
    }

    /// Does what is to be done. The order lock must not be held.
    #[inline]
    pub(crate) fn run(&mut self, core: &Core) {
        if self.room {
            core.room.notify_all();
        }
        if !(self.wakers.is_empty() && self.crowd.is_empty() && self.rare.is_none()) {
            self.call_out(core);
        }
    }

    /// Calls the user's wakers and drops.
    #[inline(never)]
    fn call_out(&mut self, core: &Core) {
        let Self { wakers, mut crowd, rare, .. } = std::mem::take(self);
        let _called_back = CalledBack::enter();
        wakers.for_each(|waker| guarded(|| waker.wake()));
        crowd.wake();
        if let Some(rare) = rare {
            rare.run(core);
        }
    }
}

impl Rare {
    #[cold]
    fn run(self, core: &Core) {
        let Self { events, stretches, wakers_to_drop, queued, runners, lanes, lags, reports } = self;
        guard_each(lags, |(info, lag)| tell(&info, lag));
        // Where the log goes is the user's code too.
        guard_each(&reports, Report::log);
        drop_each(wakers_to_drop);
        drop_each(queued);
        drop_each(runners);
        lanes.for_each(|lane| {
            core.subscriptions.fetch_sub(1, Ordering::AcqRel);
            guarded(|| drop(lane));
        });
        drop_each(events);
        drop(stretches);
    }
}

/// Drops an event that was kept until now, which may be the last of it.
#[inline]
pub(crate) fn let_go<E>(event: E) {
    let _called_back = CalledBack::enter();
    guarded(|| drop(event));
}

/// Drops one after the other: two panics in one drop of a whole list would abort the process.
pub(crate) fn drop_each<T>(all: impl IntoIterator<Item = T>) {
    guard_each(all, drop);
}

/// Does the same with each, one after the other, whichever of them panics.
pub(crate) fn guard_each<T>(all: impl IntoIterator<Item = T>, mut work: impl FnMut(T)) {
    let mut rest = all.into_iter();
    let mut left = true;
    while left {
        // Behind one guard for all, as long as none panics.
        guarded(|| {
            rest.by_ref().for_each(&mut work);
            left = false;
        });
    }
}

/// Runs code of the user's that must not take the bus's thread with it.
#[inline]
pub(crate) fn guarded(work: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
        tell_panic(panic);
    }
}

#[cold]
fn tell_panic(panic: Box<dyn std::any::Any + Send>) {
    let panic = message(panic);
    let told = || tracing::error!(target: "bus_core", panic, "a drop or a callback panicked");
    if let Err(again) = catch_unwind(AssertUnwindSafe(told)) {
        // There is nowhere to tell that.
        drop(message(again));
    }
}

fn tell(info: &LaneInfo, lag: Lagged) {
    match &info.on_lag {
        Some(on_lag) => guarded(|| on_lag(lag)),
        None => {
            tracing::warn!(target: "bus_core", subscription = %info.name, subscribed_at = %info.location, %lag, "a handler lagged");
        }
    }
}

impl Report {
    fn log(&self) {
        let Self { info, kind, outcome } = self;
        let error = match outcome {
            Outcome::Failed(error) => format!("failed: {error}"),
            Outcome::Panicked(text) => format!("panicked: {text}"),
            Outcome::TimedOut => {
                format!("took longer than its timeout of {:?}", info.timeout.unwrap_or_default())
            }
            Outcome::Dropped => "was dropped: its runtime was shut down".to_owned(),
            Outcome::Handled | Outcome::Overflowed | Outcome::Coalesced => return,
        };
        tracing::error!(target: "bus_core", kind, handler = %info.name, subscribed_at = %info.location, "handler {error}");
    }
}
