//! Work that a step under the lock leaves for later: everything that runs foreign code.
//!
//! Wakers are called, values dropped, gaps and failures reported only when the lock is free. Each
//! call has a frame of its own (see [`context`]): what it publishes is caused by the event whose
//! step left the work, so that the limit on chains ends what would go on without end.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use smallvec::SmallVec;

use crate::delivery::Core;
use crate::delivery::context::{self, Entered, NESTING};
use crate::delivery::group::Closure;
use crate::delivery::outcome::Outcome;
use crate::delivery::overflow::Lagged;
use crate::delivery::panic::{catch_each, catch_panic, drop_each};
use crate::delivery::queue::Queued;
use crate::delivery::ring::{Segment, WakeBatch};
use crate::delivery::subscription::{Info, Subscription};
use crate::event::{Root, Stored};
use crate::excerpt::excerpt;
use crate::sync::{Ordering, Signal};

/// Work that must not be done under the lock. Most steps leave none, or one waker.
#[derive(Default)]
pub(crate) struct Effects {
    pub(crate) wakers: SmallVec<[Waker; 1]>,
    /// Readers of a ring who waited together.
    pub(crate) batch: WakeBatch,
    rare: Option<Box<Rare>>,
}

/// What few steps leave.
#[derive(Default)]
pub(crate) struct Rare {
    /// Threads that waited for spare capacity.
    pub(crate) signals: Vec<Arc<Signal>>,
    pub(crate) events: Vec<Arc<Stored>>,
    pub(crate) segments: Vec<Arc<Segment>>,
    /// Wakers that were replaced: one may be the last reference to a task.
    pub(crate) old_wakers: Vec<Waker>,
    pub(crate) queued: Vec<Queued>,
    pub(crate) closures: Vec<Closure>,
    pub(crate) subscriptions: Vec<Subscription>,
    /// Gaps that handlers are told of before their next event.
    /// The event before which a gap stands is the cause of what its callback publishes.
    pub(crate) lags: Vec<(Arc<Info>, Lagged, Option<Arc<Stored>>)>,
    pub(crate) reports: Vec<Report>,
}

/// Something that a person should read in the log.
pub(crate) enum Report {
    /// A handler went wrong.
    Failed { info: Arc<Info>, kind: String, outcome: Outcome },
    /// A subscription lost events to its full queue.
    Lost { info: Arc<Info>, events: u64 },
}

type Later = (Arc<Core>, Effects, Option<Arc<Stored>>);

// Effects of steps that were taken deep in the stack; the outermost frame runs them.
crate::sync::per_thread_plain!(HAS_LATER: Cell<bool> = Cell::new(false));
crate::sync::per_thread_plain!(LATER: RefCell<VecDeque<Later>> = RefCell::new(VecDeque::new()));

impl Effects {
    #[cold]
    pub(crate) fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// Puts a waker where the next step finds it.
    pub(crate) fn store_waker(&mut self, slot: &mut Option<Waker>, waker: &Waker) {
        if slot.as_ref().is_some_and(|stored| stored.will_wake(waker)) {
            return;
        }
        if let Some(old) = slot.replace(waker.clone()) {
            self.rare().old_wakers.push(old);
        }
    }

    /// Drops events when the lock is free.
    pub(crate) fn drop_later(&mut self, events: Vec<Arc<Stored>>) {
        if !events.is_empty() {
            self.rare().events.extend(events);
        }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.wakers.is_empty() && self.batch.is_empty() && self.rare.is_none()
    }

    /// Does the work. The lock must not be held. `cause` is the event whose step left it.
    #[inline]
    pub(crate) fn run(self, core: &Arc<Core>, cause: Option<&Arc<Stored>>) {
        if !self.is_empty() {
            self.run_all(core, cause);
        }
    }

    #[inline(never)]
    fn run_all(mut self, core: &Arc<Core>, cause: Option<&Arc<Stored>>) {
        if let Some(rare) = &mut self.rare {
            std::mem::take(&mut rare.signals).iter().for_each(|signal| signal.set());
        }
        if context::nesting() >= NESTING {
            return self.postpone(core, cause);
        }
        let _frame = Entered::callback(core, cause);
        self.work(core);
    }

    /// The same where the bus itself is being dropped, so that nobody can be caused by it.
    pub(crate) fn run_last(self, core: &Core) {
        let _frame = Entered::callback(core, None);
        self.work(core);
    }

    fn work(self, core: &Core) {
        let Self { wakers, mut batch, rare } = self;
        catch_each(wakers, Waker::wake);
        batch.wake();
        if let Some(rare) = rare {
            rare.work(core);
        }
    }

    /// Leaves the work to the outermost frame of this thread: callbacks that publish would
    /// otherwise nest without end.
    #[cold]
    fn postpone(self, core: &Arc<Core>, cause: Option<&Arc<Stored>>) {
        let mut later = Some((Arc::clone(core), self, cause.cloned()));
        let kept = LATER.try_with(|list| list.borrow_mut().extend(later.take()));
        if kept.is_ok() {
            HAS_LATER.with(|has| has.set(true));
        }
        // Only a thread at its end has no list any more.
        if let Some((core, effects, cause)) = later {
            let _frame = Entered::callback(&core, cause.as_ref());
            effects.work(&core);
        }
    }
}

impl Rare {
    #[cold]
    fn work(self, core: &Core) {
        let Self { signals, events, segments, old_wakers, queued, closures, subscriptions, lags, reports } =
            self;
        signals.iter().for_each(|signal| signal.set());
        for (info, lag, cause) in lags {
            let _frame = Entered::callback(core, cause.as_ref());
            info.report_lag(lag);
        }
        reports.iter().for_each(Report::log);
        drop_each(old_wakers);
        drop_each(queued);
        drop_each(closures);
        for subscription in subscriptions {
            core.subscriptions.fetch_sub(1, Ordering::AcqRel);
            catch_panic(|| drop(subscription));
        }
        drop_each(events);
        drop_each(segments);
    }
}

/// Whether this thread has postponed effects.
#[inline]
pub(crate) fn has_later() -> bool {
    HAS_LATER.with(Cell::get)
}

/// Runs the effects that were postponed on this thread.
#[cold]
pub(crate) fn run_later() {
    // One by one: those behind it stay in the list, should a callback block.
    while let Some((core, effects, cause)) = take_later() {
        effects.run(&core, cause.as_ref());
        drop_each(cause);
    }
}

fn take_later() -> Option<Later> {
    let later = LATER.try_with(|list| list.borrow_mut().pop_front()).ok().flatten();
    if later.is_none() {
        HAS_LATER.with(|has| has.set(false));
    }
    later
}

/// Calls the wakers that were postponed on this thread, which is about to block: what it waits for
/// may wait for one of them.
#[cold]
pub(crate) fn wake_later() {
    let mut woken: Vec<Later> = Vec::new();
    let taken = LATER.try_with(|list| {
        for (core, effects, cause) in list.borrow_mut().iter_mut() {
            let (wakers, batch) = (std::mem::take(&mut effects.wakers), std::mem::take(&mut effects.batch));
            let effects = Effects { wakers, batch, rare: None };
            if !effects.is_empty() {
                woken.push((Arc::clone(core), effects, cause.clone()));
            }
        }
    });
    if taken.is_ok() {
        for (core, effects, cause) in woken {
            let _frame = Entered::callback(&core, cause.as_ref());
            effects.work(&core);
        }
    }
}

/// Drops an event, or a payload, which may be the last handle of it.
#[inline]
pub(crate) fn drop_event<E>(core: &Core, event: E) {
    let _frame = Entered::callback(core, None);
    catch_panic(|| drop(event));
}

/// Drops an event that history evicted for another one, which is the cause of what the drop
/// publishes. Deep in the stack that is left to the outermost frame.
#[inline]
pub(crate) fn drop_evicted(
    core: &Arc<Core>,
    evicted: Arc<Stored>,
    root: Option<Root>,
    event: Option<&Arc<Stored>>,
) {
    if context::nesting() >= NESTING {
        let mut effects = Effects::default();
        effects.rare().events.push(evicted);
        return effects.run(core, event);
    }
    let _frame = Entered::drops(core, root, event);
    catch_panic(|| drop(evicted));
}

impl Report {
    pub(crate) fn log(&self) {
        context::log(|| match self {
            Self::Failed { info, kind, outcome } => log_failure(info, kind, outcome),
            Self::Lost { info, events } => tracing::warn!(
                target: "bus_core",
                subscription = %excerpt(&info.name),
                subscribed_at = %info.location,
                events,
                "a subscription loses events because its queue is full: raise `.capacity(n)`, make it faster, or choose another `.overflow(..)`"
            ),
        });
    }
}

fn log_failure(info: &Info, kind: &str, outcome: &Outcome) {
    let error = match outcome {
        Outcome::Failed(error) => format!("failed: {}", excerpt(error)),
        Outcome::Panicked(text) => format!("panicked: {}", excerpt(text)),
        Outcome::TimedOut => {
            format!("took longer than its timeout of {:?}", info.timeout.unwrap_or_default())
        }
        Outcome::Dropped => "was dropped: its runtime was shut down".to_owned(),
        Outcome::Handled | Outcome::Overflowed | Outcome::Coalesced => return,
    };
    tracing::error!(
        target: "bus_core",
        kind = %excerpt(kind),
        handler = %excerpt(&info.name),
        subscribed_at = %info.location,
        "handler {error}"
    );
}
