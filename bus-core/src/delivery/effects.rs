//! Work that a step under the lock leaves for later: everything that runs foreign code.
//!
//! Wakers are called, values dropped, gaps and failures reported only when the lock is free. Each
//! call has a frame of its own (see [`context`]): what it publishes is caused by the event whose
//! step left the work, so that the limit on chains ends what would go on without end.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use crate::delivery::catch_up::{self, Delay, Look};
use crate::delivery::context::{self, Entered, NESTING};
use crate::delivery::core::Core;
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

/// Work that must not be done under the lock. Most steps leave none: one word then.
#[derive(Default)]
pub(crate) struct Effects(Option<Box<Work>>);

/// The work of one step, each sort in the order in which it is done.
#[derive(Default)]
pub(crate) struct Work {
    wakers: Vec<Waker>,
    /// Readers of a ring who waited together.
    pub(crate) batch: WakeBatch,
    /// Threads that waited for spare capacity.
    pub(crate) signals: Vec<Arc<Signal>>,
    /// Gaps to report to handlers before their next event, which is the cause of the events that
    /// the callback publishes; `None` is the end of the past.
    pub(crate) lags: Vec<Lag>,
    pub(crate) reports: Vec<Report>,
    /// Wakers that were replaced: one may be the last reference to a task.
    pub(crate) old_wakers: Vec<Waker>,
    pub(crate) queued: Vec<Queued>,
    pub(crate) closures: Vec<Closure>,
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) events: Vec<Arc<Stored>>,
    pub(crate) segments: Vec<Arc<Segment>>,
    /// Subscriptions for which a worker looks for events of the past, some after a while.
    pub(crate) past: Vec<(Look, Option<Delay>)>,
}

/// Something that a person should read in the log.
pub(crate) enum Report {
    /// A handler went wrong with an event, or with several of one batch, the first of this kind.
    Failed { info: Arc<Info>, kind: String, outcome: Outcome, events: usize },
    /// A subscription lost events to its full queue.
    Lost { info: Arc<Info>, events: u64 },
    /// Events are missing in the store.
    NotRecorded { events: u64 },
    /// The first sticky event was forgotten because there are too many scopes.
    Forgets { capacity: usize },
}

type Lag = (Arc<Info>, Option<Lagged>, Option<Arc<Stored>>);
type Later = (Arc<Core>, Box<Work>, Option<Arc<Stored>>);

// Effects of steps that were taken deep in the stack; the outermost frame runs them.
crate::sync::per_thread_plain!(HAS_LATER: Cell<bool> = Cell::new(false));
crate::sync::per_thread_plain!(LATER: RefCell<VecDeque<Later>> = RefCell::new(VecDeque::new()));

// The memory of the last work that was done, for the next one.
crate::sync::per_thread_plain!(SPARE: Cell<Option<Box<Work>>> = Cell::new(None));

// Wakers that this thread is about to call, the next one last.
crate::sync::per_thread!(DUE: Vec<Waker> = Vec::new());

/// Lists with more capacity than this are not kept for the next work.
const KEPT: usize = 1_024;

impl Effects {
    /// The work, to add to.
    #[inline]
    pub(crate) fn work(&mut self) -> &mut Work {
        self.0.get_or_insert_with(|| SPARE.try_with(Cell::take).ok().flatten().unwrap_or_default())
    }

    /// Calls wakers.
    #[inline]
    pub(crate) fn wake(&mut self, wakers: impl IntoIterator<Item = Waker>) {
        wakers.into_iter().for_each(|waker| self.work().wakers.push(waker));
    }

    /// Drops events.
    pub(crate) fn drop_later(&mut self, events: Vec<Arc<Stored>>) {
        if !events.is_empty() {
            self.work().events.extend(events);
        }
    }

    /// Puts a waker where the next step finds it.
    pub(crate) fn store_waker(&mut self, slot: &mut Option<Waker>, waker: &Waker) {
        if slot.as_ref().is_some_and(|stored| stored.will_wake(waker)) {
            return;
        }
        if let Some(old) = slot.replace(waker.clone()) {
            self.work().old_wakers.push(old);
        }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Takes the work, to be done elsewhere.
    #[inline]
    pub(crate) fn take(&mut self) -> Self {
        Self(self.0.take())
    }

    /// Does the work. The lock must not be held. `cause` is the event whose step left it.
    #[inline]
    pub(crate) fn run(self, core: &Arc<Core>, cause: Option<&Arc<Stored>>) {
        if let Some(work) = self.0 {
            work.run(core, cause);
        }
    }

    /// The same where the bus itself is being dropped, so that nobody can be caused by it.
    pub(crate) fn run_last(self, core: &Core) {
        let _frame = Entered::callback(core, None);
        if let Some(work) = self.0 {
            work.finish(core);
        }
    }
}

impl Work {
    #[inline(never)]
    fn run(mut self: Box<Self>, core: &Arc<Core>, cause: Option<&Arc<Stored>>) {
        self.signals.drain(..).for_each(|signal| signal.set());
        if self.lags.is_empty() {
            self.start_past(core);
        }
        if context::nesting() >= NESTING {
            return self.postpone(core, cause);
        }
        let _frame = Entered::callback(core, cause);
        if !self.past.is_empty() {
            // Gaps come before the events that a worker finds behind them.
            self.report_lags(core);
            self.start_past(core);
        }
        self.finish(core);
    }

    fn start_past(&mut self, core: &Arc<Core>) {
        self.past.drain(..).for_each(|(look, delay)| catch_up::start(core, look, delay));
    }

    fn report_lags(&mut self, core: &Core) {
        for (info, lag, cause) in self.lags.drain(..) {
            let _frame = Entered::callback(core, cause.as_ref());
            match lag {
                Some(lag) => info.report_lag(lag),
                None => info.report_live(),
            }
        }
    }

    fn finish(mut self: Box<Self>, core: &Core) {
        let work = &mut *self;
        work.signals.drain(..).for_each(|signal| signal.set());
        work.wake();
        work.report_lags(core);
        work.reports.drain(..).for_each(|report| report.log());
        drop_each(work.old_wakers.drain(..));
        drop_each(work.queued.drain(..));
        drop_each(work.closures.drain(..));
        for subscription in work.subscriptions.drain(..) {
            core.subscriptions.fetch_sub(1, Ordering::AcqRel);
            catch_panic(|| drop(subscription));
        }
        drop_each(work.events.drain(..));
        drop_each(work.segments.drain(..));
        self.keep();
    }

    /// Calls the wakers. Those behind the one that is called stay where [`wake_due`] finds them,
    /// should it block.
    fn wake(&mut self) {
        let Self { wakers, batch, .. } = self;
        let alone = wakers.len() + batch.len() <= 1;
        let due = |due: &RefCell<Vec<Waker>>| {
            let mut due = due.borrow_mut();
            let before = due.len();
            due.extend(wakers.drain(..));
            due.extend(batch.drain());
            due[before..].reverse();
            before
        };
        match if alone { None } else { DUE.try_with(due).ok() } {
            Some(left) => call_due(left),
            // Also those of a thread at its end, which has no list any more.
            None => catch_each(wakers.drain(..).chain(batch.drain()), Waker::wake),
        }
    }

    /// Keeps the memory of the lists that are used most for the next work of this thread.
    fn keep(self: Box<Self>) {
        if self.wakers.capacity() <= KEPT && self.batch.capacity() <= KEPT && self.events.capacity() <= KEPT {
            // A thread at its end may have nothing to keep it in any more.
            drop(SPARE.try_with(|spare| spare.replace(Some(self))));
        }
    }

    /// Leaves the work to the outermost frame of this thread: callbacks that publish would
    /// otherwise nest without end.
    #[cold]
    fn postpone(self: Box<Self>, core: &Arc<Core>, cause: Option<&Arc<Stored>>) {
        let mut later = Some((Arc::clone(core), self, cause.cloned()));
        let kept = LATER.try_with(|list| list.borrow_mut().extend(later.take()));
        if kept.is_ok() {
            HAS_LATER.with(|has| has.set(true));
        }
        // Only a thread at its end has no list any more.
        if let Some((core, work, cause)) = later {
            let _frame = Entered::callback(&core, cause.as_ref());
            work.finish(&core);
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
    // One by one: those behind it stay in the list, should a callback block.
    while let Some((core, work, cause)) = take_later() {
        work.run(&core, cause.as_ref());
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

/// Calls due wakers until only so many are left.
fn call_due(left: usize) {
    let next = |due: &RefCell<Vec<Waker>>| {
        let mut due = due.borrow_mut();
        if due.len() > left { due.pop() } else { None }
    };
    catch_each(std::iter::from_fn(|| DUE.try_with(next).ok().flatten()), Waker::wake);
}

/// Calls the wakers that this thread has postponed or was about to call. It is about to block, and
/// what it waits for may wait for one of them.
pub(crate) fn wake_due(core: &Core) {
    let due = LATER.try_with(|list| {
        let mut list = list.borrow_mut();
        let later = list.iter_mut().flat_map(|(_, work, _)| work.wakers.drain(..).chain(work.batch.drain()));
        DUE.try_with(|due| {
            due.borrow_mut().extend(later);
            !due.borrow().is_empty()
        })
    });
    if let Ok(Ok(true)) = due {
        let _frame = Entered::callback(core, None);
        call_due(0);
    }
}

/// Drops an event. What its payload's drop publishes is caused by the event of the frame below.
/// Another thread may drop the other handles meanwhile: this one may be the last whatever is
/// counted.
#[inline]
pub(crate) fn drop_event(core: &Core, event: Arc<Stored>) {
    drop_payload(core, event);
}

/// Drops a payload that is not shared.
#[inline(never)]
pub(crate) fn drop_payload<P>(core: &Core, payload: P) {
    let _frame = Entered::callback(core, None);
    catch_panic(|| drop(payload));
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
        effects.work().events.push(evicted);
        return effects.run(core, event);
    }
    let _frame = Entered::drops(core, root, event);
    catch_panic(|| drop(evicted));
}

impl Report {
    pub(crate) fn log(&self) {
        context::log(|| match self {
            Self::Failed { info, kind, outcome, events } => log_failure(info, kind, outcome, *events),
            Self::Lost { info, events } => tracing::warn!(
                target: "bus_core",
                subscription = %excerpt(&info.name),
                subscribed_at = %info.location,
                events,
                "a subscription loses events because its queue is full: raise `.capacity(n)`, make it faster, or choose another `.overflow(..)`"
            ),
            Self::NotRecorded { events } => tracing::error!(
                target: "bus_core",
                events,
                "events were not recorded, because the store failed or is full: their receipts and the gap in the store say why"
            ),
            Self::Forgets { capacity } => tracing::warn!(
                target: "bus_core",
                capacity,
                "a latest value is forgotten because newer ones fill the bus's memory for them: raise `.latest(n)` or `.history_bytes(n)` on the builder, or forget those of ended executions with `bus.latest_any().execution(id).forget()`"
            ),
        });
    }
}

fn log_failure(info: &Info, kind: &str, outcome: &Outcome, events: usize) {
    let error = match outcome {
        Outcome::Failed(error) => format!("failed: {}", excerpt(error)),
        Outcome::Panicked(text) => format!("panicked: {}", excerpt(text)),
        Outcome::TimedOut => format!(
            "took longer than its timeout of {:?}: set another one with `.timeout(d)` on its subscription, or with `.handler_timeout(d)` on the builder for all; `None` is no limit",
            info.timeout.unwrap_or_default()
        ),
        Outcome::Dropped => "was dropped: its runtime was shut down".to_owned(),
        Outcome::Handled | Outcome::Overflowed | Outcome::Coalesced => return,
    };
    let kind = excerpt(kind).to_string();
    tracing::error!(
        target: "bus_core",
        kind,
        events = (events > 1).then_some(events),
        handler = %excerpt(&info.name),
        subscribed_at = %info.location,
        "handler {error}"
    );
}
