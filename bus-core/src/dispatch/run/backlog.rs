//! A handler goes on with what waits for it.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;

use crate::dispatch::crew::queue::Turn;
use crate::dispatch::order::{More, Next};
use crate::dispatch::run::after::let_go;
use crate::dispatch::run::context::{self, Entered, JobRef};
use crate::dispatch::run::driver::Driver;
use crate::dispatch::run::runner::{Outcome, Runner};
use crate::dispatch::slab::Key;
use crate::dispatch::{Core, Queued};
use crate::event::AnyEvent;
use crate::sync::Ordering;

/// Sync handlers that were claimed too deep on a stack; its outermost publish runs them.
type Postponed = (Arc<Core>, AnyEvent, JobRef, Runner);

// How many there are, for a look that costs nothing.
crate::sync::per_thread_plain!(POSTPONED: Cell<usize> = Cell::new(0));
crate::sync::per_thread!(LATER: VecDeque<Postponed> = VecDeque::new());

/// Starts a handler on what waits for it: used where a subscription begins with a replay.
pub(crate) fn start(core: &Arc<Core>, lane: Key, runner: Runner) {
    let tick = core.ticks.load(Ordering::Relaxed);
    if let Some(next) = core.step(|order, after| {
        // A sync handler looks back on the stack of whoever subscribes it.
        let below = if runner.is_sync() { context::current(core) } else { None };
        order.resume(lane, runner, (below, 0), tick, after)
    }) {
        go_on(core, lane, next);
    }
    run_later();
}

/// Goes on with a handler's backlog: a sync handler right here, an async one in a driver.
pub(super) fn go_on(core: &Arc<Core>, lane: Key, next: Next) {
    match next {
        Next { runner: Runner::Async(runner), job, queued, info } => {
            let at = JobRef { lane, job };
            Driver::of(core, &info, at, runner, queued.event, queued.ticket).start(core);
        }
        next => drain(core, lane, next),
    }
}

/// The same for all who have something.
#[inline]
pub(super) fn go_on_all(core: &Arc<Core>, more: More) {
    for (lane, next) in more.lanes {
        go_on(core, lane, next);
    }
    more.crews.for_each(|turn| take_turns(core, turn));
}

/// Runs a crew until nothing waits for it.
#[inline(never)]
fn take_turns(core: &Arc<Core>, first: Turn) {
    let mut next = Some(first);
    while let Some(Turn { mut shift, queued: Queued { event, ticket, .. } }) = next.take() {
        let entered = Entered::new(core, &event);
        let event = AnyEvent::new(shift.team.call(shift.job, &entered, event.into_stored()));
        drop(entered);
        let mut lanes = Vec::new();
        core.step(|order, after| {
            let taken = order.take_turn(shift, after, |order, lane, outcome, after| {
                order.settle_in_crew(lane, ticket, outcome, &event, after);
            });
            let shift = match taken {
                Ok((_, turn)) => return next = turn,
                Err(shift) => shift,
            };
            let tick = core.ticks.load(Ordering::Relaxed);
            order.bring_each_back(shift, tick, after, &mut lanes, |order, lane, outcome, after| {
                order.settle(lane, ticket, outcome, &event, after);
            });
            order.note_end(after);
        });
        let_go(event);
        for (lane, next) in lanes {
            go_on(core, lane, next);
        }
    }
}

/// Runs a sync handler until nothing waits for it.
fn drain(core: &Arc<Core>, lane: Key, first: Next) {
    let mut next = Some(first);
    while let Some(Next { runner: Runner::Sync(mut runner), job, queued, info }) = next.take() {
        let entered = Entered::new(core, &queued.event);
        entered.job(JobRef { lane, job }, true);
        let mut trouble = None;
        let event = AnyEvent::new(runner.run(queued.event.into_stored(), info.id, &mut trouble));
        drop(entered);
        let outcome = trouble.map_or(Outcome::Handled, |outcome| *outcome);
        next = core.step(|order, after| {
            order.settle(lane, queued.ticket, &outcome, &event, after);
            order.finish(lane, job, Runner::Sync(runner), core.ticks.load(Ordering::Relaxed), after)
        });
        let_go(event);
    }
}

/// Leaves a sync handler to the outermost publish of this thread.
pub(super) fn postpone(claimed: Postponed) {
    let mut claimed = Some(claimed);
    let kept = LATER.try_with(|later| later.borrow_mut().extend(claimed.take()));
    if kept.is_ok() {
        POSTPONED.with(|count| count.set(count.get() + 1));
    }
    // Only a thread at its end has no list any more.
    if let (Err(_), Some(claimed)) = (kept, claimed) {
        run_postponed(claimed);
    }
}

/// Runs the sync handlers that were claimed too deep on this stack, once nothing is on it.
#[inline]
pub(crate) fn run_later() {
    if POSTPONED.with(Cell::get) == 0 || context::nesting() > 0 {
        return;
    }
    let next = || LATER.try_with(|later| later.borrow_mut().pop_front()).ok().flatten();
    while let Some(claimed) = next() {
        POSTPONED.with(|count| count.set(count.get() - 1));
        run_postponed(claimed);
    }
}

fn run_postponed((core, event, at, runner): Postponed) {
    let found = core.step(|order, _| {
        let found = order.lanes.get(at.lane)?;
        Some((Arc::clone(&found.info), found.running(at.job)?.ticket))
    });
    let Some((info, ticket)) = found else { return };
    let queued = Queued { event, gap: None, ticket, coalesce: 0, critical: false, replay: false };
    drain(&core, at.lane, Next { runner, job: at.job, queued, info });
}
