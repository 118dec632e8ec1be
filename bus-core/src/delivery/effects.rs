//! Work that a step under the lock leaves for later: everything that runs foreign code.
//!
//! Wakers are called, values dropped, gaps and failures reported only when the lock is free. Each
//! call has a frame of its own (see [`context`]): what it publishes is caused by the event whose
//! step left the work, so that the limit on chains ends what would go on without end.

use std::cell::{Cell, RefCell};
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
use crate::event::Stored;
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
    pub(crate) lags: Vec<(Arc<Info>, Lagged)>,
    pub(crate) reports: Vec<Report>,
}

/// Something that a person should read in the log.
pub(crate) enum Report {
    /// A handler went wrong.
    Failed { info: Arc<Info>, kind: String, outcome: Outcome },
    /// A subscription lost events to its full queue.
    Lost { info: Arc<Info>, events: u64 },
}

// Rare effects of steps that were taken deep in the stack; the outermost frame runs them.
crate::sync::per_thread_plain!(HAS_LATER: Cell<bool> = Cell::new(false));
crate::sync::per_thread_plain!(LATER: RefCell<Vec<(Arc<Core>, Box<Rare>, Option<Arc<Stored>>)>> = RefCell::new(Vec::new()));

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
    fn run_all(self, core: &Arc<Core>, cause: Option<&Arc<Stored>>) {
        let Self { wakers, mut batch, rare } = self;
        let deep = context::nesting() >= NESTING;
        {
            let _frame = Entered::callback(core, cause);
            catch_each(wakers, Waker::wake);
            batch.wake();
        }
        match rare {
            Some(rare) if deep => rare.postpone(core, cause.cloned()),
            Some(rare) => rare.run(core, cause),
            None => {}
        }
    }

    /// The same where the bus itself is being dropped, so that nobody can be caused by it.
    pub(crate) fn run_last(self, core: &Core) {
        let _frame = Entered::callback(core, None);
        catch_each(self.wakers, Waker::wake);
        let mut batch = self.batch;
        batch.wake();
        if let Some(rare) = self.rare {
            rare.work(core);
        }
    }
}

impl Rare {
    #[cold]
    fn run(self: Box<Self>, core: &Core, cause: Option<&Arc<Stored>>) {
        let _frame = Entered::callback(core, cause);
        self.work(core);
    }

    fn work(self, core: &Core) {
        let Self { signals, events, segments, old_wakers, queued, closures, subscriptions, lags, reports } =
            self;
        signals.iter().for_each(|signal| signal.set());
        catch_each(lags, |(info, lag)| info.report_lag(lag));
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

    /// Leaves the work to the outermost frame of this thread: callbacks that publish would
    /// otherwise nest without end. Threads that wait for capacity are signalled at once.
    fn postpone(mut self: Box<Self>, core: &Arc<Core>, cause: Option<Arc<Stored>>) {
        std::mem::take(&mut self.signals).iter().for_each(|signal| signal.set());
        let mut later = Some((Arc::clone(core), self, cause));
        let kept = LATER.try_with(|list| list.borrow_mut().extend(later.take()));
        if kept.is_ok() {
            HAS_LATER.with(|has| has.set(true));
        }
        // Only a thread at its end has no list any more.
        if let Some((core, rare, cause)) = later {
            rare.run(&core, cause.as_ref());
        }
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
    loop {
        HAS_LATER.with(|has| has.set(false));
        let list = LATER.try_with(RefCell::take).unwrap_or_default();
        if list.is_empty() {
            return;
        }
        for (core, rare, cause) in list {
            rare.run(&core, cause.as_ref());
            if let Some(cause) = cause {
                drop_event(&core, cause);
            }
        }
    }
}

/// Drops an event, or a payload, which may be the last handle of it. Deep in the stack it is leaked
/// instead: a payload that publishes another one when it is dropped would go on without end.
#[inline]
pub(crate) fn drop_event<E>(core: &Core, event: E) {
    if context::nesting() >= context::DEPTH {
        return std::mem::forget(event);
    }
    let _frame = Entered::callback(core, None);
    catch_panic(|| drop(event));
}

impl Report {
    pub(crate) fn log(&self) {
        context::log(|| match self {
            Self::Failed { info, kind, outcome } => log_failure(info, kind, outcome),
            Self::Lost { info, events } => tracing::warn!(
                target: "bus_core",
                subscription = %info.name,
                subscribed_at = %info.location,
                events,
                "a subscription loses events because its queue is full: raise `.capacity(n)`, make it faster, or choose another `.overflow(..)`"
            ),
        });
    }
}

fn log_failure(info: &Info, kind: &str, outcome: &Outcome) {
    let error = match outcome {
        Outcome::Failed(error) => format!("failed: {error}"),
        Outcome::Panicked(text) => format!("panicked: {text}"),
        Outcome::TimedOut => {
            format!("took longer than its timeout of {:?}", info.timeout.unwrap_or_default())
        }
        Outcome::Dropped => "was dropped: its runtime was shut down".to_owned(),
        Outcome::Handled | Outcome::Overflowed | Outcome::Coalesced => return,
    };
    tracing::error!(
        target: "bus_core",
        kind,
        handler = %info.name,
        subscribed_at = %info.location,
        "handler {error}"
    );
}
