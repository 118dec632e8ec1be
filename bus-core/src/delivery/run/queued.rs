//! Running events that waited for a group, within bounds: a publisher runs so many of those of
//! others, and groups that are claimed too deep in the stack wait for its outermost frame.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::delivery::context::{self, Entered, NESTING, Node};
use crate::delivery::core::Core;
use crate::delivery::effects::{self, Effects, drop_event};
use crate::delivery::group::Claimed;
use crate::delivery::queue::Queued;
use crate::delivery::run::{Next, run_members};
use crate::delivery::task::Handler;
use crate::delivery::workers;

/// How many events of other publishers one outermost publish runs at most, and for how long. Then a
/// worker of the bus goes on, so that no publisher is captured.
const FOREIGN_EVENTS: u32 = if cfg!(bus_shuttle) { 2 } else { 64 };
const FOREIGN_TIME: Duration = Duration::from_millis(1);

/// Leaves a claimed sync group to the outermost frame of this thread.
#[cold]
pub(super) fn postpone(core: &Arc<Core>, next: Next) {
    let mut postponed = Some((Arc::clone(core), next));
    let kept = POSTPONED.try_with(|list| list.borrow_mut().extend(postponed.take()));
    if kept.is_ok() {
        HAS_POSTPONED.with(|has| has.set(true));
    }
    // Only a thread at its end has no list any more.
    if let Some((core, next)) = postponed {
        drain(&core, next);
    }
}

// Groups that were claimed too deep in the stack; the outermost frame runs them.
crate::sync::per_thread_plain!(HAS_POSTPONED: Cell<bool> = Cell::new(false));
type Postponed = (Arc<Core>, Next);
crate::sync::per_thread_plain!(POSTPONED: RefCell<VecDeque<Postponed>> = RefCell::new(VecDeque::new()));
// How many events of other publishers the outermost publish has run, and until when it may.
crate::sync::per_thread_plain!(FOREIGN: Cell<(u32, Option<Instant>)> = Cell::new((0, None)));

/// Runs what was left to the outermost frame of this thread, if this is it.
#[inline]
pub(crate) fn end_of_frame() {
    if (HAS_POSTPONED.with(Cell::get) || effects::has_later()) && context::nesting() == 0 {
        run_later();
    }
}

/// The same at the end of an outermost publish, poll or replay, which may run events of others.
#[inline]
pub(crate) fn end_of_stack() {
    if context::nesting() > 0 {
        return;
    }
    end_of_frame();
    if FOREIGN.with(Cell::get).0 > 0 {
        FOREIGN.with(|foreign| foreign.set((0, None)));
    }
}

#[cold]
fn run_later() {
    loop {
        while effects::has_later() {
            effects::run_later();
        }
        // One by one: those behind it stay in the list, should its handler block.
        let Some((core, next)) = take_postponed() else { return };
        let next = run_queued(&core, next);
        if let Some(next) = next {
            go_on(&core, next);
        }
    }
}

fn take_postponed() -> Option<Postponed> {
    let next = POSTPONED.try_with(|list| list.borrow_mut().pop_front()).ok().flatten();
    if next.is_none() {
        HAS_POSTPONED.with(|has| has.set(false));
    }
    next
}

/// Hands the groups that this thread has postponed over to workers, if it is about to block: the
/// event that it waits for may be published by one of them.
pub(crate) fn hand_over_postponed(waker: &Waker) {
    if HAS_POSTPONED.with(Cell::get) && context::may_block(waker) {
        while let Some((core, next)) = take_postponed() {
            workers::hand_over(&core, next);
        }
    }
}

/// Goes on with what waits for a group: a sync one here, within bounds, an async one in its task.
#[inline(never)]
pub(crate) fn go_on(core: &Arc<Core>, next: Next) {
    match next.claimed {
        Claimed::Sync(_) if context::nesting() >= NESTING => postpone(core, next),
        Claimed::Sync(_) => drain(core, next),
        Claimed::Async(handler) => assign(core, handler, next.queued),
    }
}

/// Puts an async handler to work on an event that waited for it.
fn assign(core: &Arc<Core>, mut handler: Box<Handler>, queued: Queued) {
    handler.take_up(core, queued);
    let mut effects = Effects::default();
    {
        let mut state = core.lock();
        state.leave_stack(Node::Job(handler.at()));
        handler.hand_over(&mut state, &mut effects);
    }
    effects.run(core, None);
}

/// Runs a sync group until nothing waits for it, or until this thread has run enough for others.
fn drain(core: &Arc<Core>, first: Next) {
    let mut next = Some(first);
    while let Some(current) = next.take() {
        let is_own = current.queued.replay || current.queued.thread == context::thread();
        if !is_own && has_run_enough() {
            return workers::hand_over(core, current);
        }
        next = run_queued(core, current);
    }
}

/// Counts an event of another publisher; whether this thread has run enough of them.
fn has_run_enough() -> bool {
    let (events, until) = FOREIGN.with(Cell::get);
    let until = until.unwrap_or_else(|| Instant::now() + FOREIGN_TIME);
    FOREIGN.with(|foreign| foreign.set((events + 1, Some(until))));
    // The models have no time, and loom not enough threads.
    let is_late = !cfg!(bus_shuttle) && events > 0 && Instant::now() >= until;
    !cfg!(bus_loom) && (events >= FOREIGN_EVENTS || is_late)
}

/// Runs a sync group on an event that waited for it, and takes up the next one.
pub(crate) fn run_queued(core: &Arc<Core>, next: Next) -> Option<Next> {
    let at = next.at();
    let Next { group, claimed: Claimed::Sync(mut members), queued } = next else {
        go_on(core, next);
        return None;
    };
    let mut event = queued.event;
    let matched = !queued.ask || core.group_wants(group, &event);
    if matched {
        let mut last = None;
        if let Some(batching) = &members.batch {
            core.step(|state, effects| state.gather(core.run, at, &event, batching, effects));
            last = batching.last();
        }
        let cause = last.as_ref().unwrap_or(&event);
        let entered = Entered::handlers(core, cause, context::root_of(cause));
        event = run_members(core, &entered, &mut members, at, event);
    }
    let mut next = None;
    core.step_of(&event, |state, effects| {
        next = state.finish_sync(at, members, &event, matched, None, effects);
        if context::nesting() == 0 {
            state.graph.end(Node::Thread(context::thread()));
        }
    });
    drop_event(core, event);
    next
}
