//! Runs what a publish claimed, and lets go of it in one stroke.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::time::Instant;

use super::after::After;
use super::context::{self, Cause, Entered, JobRef};
use super::driver::{Driver, Work};
use super::order::Next;
use super::place::Place;
use super::publish::Mode;
use super::receipt::Receipt;
use super::runner::{AsyncRunner, Outcome, Runner};
use super::slab::Key;
use super::ticket::{Settled, Ticket};
use super::{Core, LaneInfo, Order, Queued};
use crate::event::{AnyEvent, SubscriptionId};
use crate::sync::Ordering;

/// The exclusive right to run one handler on one event.
pub(crate) struct Claim {
    pub(crate) at: JobRef,
    pub(crate) subscription: SubscriptionId,
    pub(crate) runner: Runner,
    /// Whether it may run on this stack.
    pub(crate) in_place: bool,
    /// Whether the handler has a timeout.
    pub(crate) timed: bool,
}

/// The publish that made the claims, and what it tells its publisher.
pub(crate) struct Batch<'a> {
    pub(crate) core: &'a Arc<Core>,
    pub(crate) mode: Mode,
    /// The handler that publishes.
    pub(crate) here: Option<JobRef>,
    pub(crate) receipt: Receipt,
    pub(crate) ticket: Option<Key>,
}

/// A claim that has run.
struct Ran {
    at: JobRef,
    subscription: SubscriptionId,
    runner: Runner,
    outcome: Outcome,
}

/// An async handler that was polled in place and is not done.
struct Pending {
    at: JobRef,
    runner: Box<dyn AsyncRunner>,
    /// When it began, for its timeout.
    began: Option<Instant>,
}

/// Sync handlers that were claimed too deep on a stack; its outermost publish runs them.
type Postponed = (Arc<Core>, AnyEvent, JobRef, Runner);

crate::sync::per_thread!(LATER: VecDeque<Postponed> = VecDeque::new());

impl Batch<'_> {
    /// Runs the claims: in place what may run here, the others are handed over.
    pub(crate) fn run(&mut self, event: AnyEvent, claims: Vec<Claim>) {
        let mut ran = Vec::with_capacity(claims.len());
        let mut place = Place::None;
        let (event, handed) = self.run_in_place(event, claims, &mut ran, &mut place);
        for claim in handed {
            match claim.runner {
                Runner::Async(runner) => {
                    self.drive(&event, Pending { at: claim.at, runner, began: None }, Place::None, false);
                }
                runner @ Runner::Sync(_) => self.postpone(&event, claim.at, runner),
            }
        }
        let core = self.core;
        let receipt = &mut self.receipt;
        let next = core.step(|order, after| {
            after.wakers.extend(order.places.give(&mut place));
            let tick = core.ticks.load(Ordering::Relaxed);
            let ended = ran.into_iter().filter_map(|ran| end(order, ran, &event, receipt, tick, after));
            ended.collect::<Vec<_>>()
        });
        for (lane, next) in next {
            go_on(core, lane, next);
        }
        // Here rather than with the event handle that the caller keeps: the last one drops the payload.
        super::guarded(|| drop(event));
        run_later();
    }

    /// Runs what may run on this stack, and gives back the rest.
    fn run_in_place(
        &mut self,
        mut event: AnyEvent,
        claims: Vec<Claim>,
        ran: &mut Vec<Ran>,
        place: &mut Place,
    ) -> (AnyEvent, Vec<Claim>) {
        let mut handed = Vec::new();
        let entered = Entered::new(self.core, Cause::of(&event), false);
        for claim in claims {
            let Claim { at, subscription, .. } = claim;
            match claim.runner {
                Runner::Sync(mut runner) if claim.in_place => {
                    entered.job(at, true);
                    let (back, outcome) = runner.run(event.through(subscription));
                    event = back;
                    ran.push(Ran { at, subscription, runner: Runner::Sync(runner), outcome });
                }
                Runner::Async(runner) if claim.in_place && take_place(self.core, place) => {
                    entered.job(at, false);
                    let began = claim.timed.then(Instant::now);
                    match poll_once(Pending { at, runner, began }, subscription, &event) {
                        Ok(done) => ran.push(done),
                        Err(pending) => {
                            // A handler that waits in the bus holds no place; any other takes this one along.
                            let held = if entered.waits() {
                                Place::None
                            } else {
                                std::mem::replace(place, Place::None)
                            };
                            self.drive(&event, pending, held, true);
                        }
                    }
                }
                runner => handed.push(Claim { runner, ..claim }),
            }
        }
        (event, handed)
    }

    /// Gives an async handler to a driver task on its runtime.
    fn drive(&mut self, event: &AnyEvent, pending: Pending, place: Place, started: bool) {
        let Pending { at, runner, began } = pending;
        let Some((info, ticket)) = self.promise(at, false) else { return };
        let work =
            Work { job: at.job, runner, event: event.clone(), ticket: Some(ticket), started, deadline: None };
        Driver::spawn(self.core, info, at.lane, work, place, began);
    }

    /// Leaves a sync handler to the outermost publish of this thread.
    fn postpone(&mut self, event: &AnyEvent, at: JobRef, runner: Runner) {
        // A sync handler below blocks its thread while it waits, and this one cannot run before it returns.
        let stuck = self.mode == Mode::Await && context::within_sync();
        self.promise(at, stuck);
        let mut claimed = Some((Arc::clone(self.core), event.clone(), at, runner));
        let kept = LATER.try_with(|later| later.borrow_mut().extend(claimed.take()));
        // Only a thread at its end has no list any more.
        if let (Err(_), Some(claimed)) = (kept, claimed) {
            run_postponed(claimed);
        }
    }

    /// Notes that a delivery is not done when the publish returns: the publisher learns of it through the ticket.
    fn promise(&mut self, at: JobRef, deferred: bool) -> Option<(Arc<LaneInfo>, Key)> {
        let waiter = if self.mode == Mode::Await { self.here } else { None };
        let known = &mut self.ticket;
        self.core.step(|order, after| {
            let ticket = *known.get_or_insert_with(|| order.tickets.insert(Ticket::default()));
            if let Some(found) = order.tickets.get_mut(ticket) {
                found.waiter = waiter;
                found.pending.push(at.lane);
                if deferred {
                    found.settle(at.lane, &Settled::Deferred);
                }
            }
            let found = order.lanes.get_mut(at.lane)?;
            let info = Arc::clone(&found.info);
            let running = found.running_mut(at.job)?;
            running.batch = 0;
            running.waiter = None;
            running.ticket = Some(ticket);
            if running.awaits_event {
                order.await_event(at, after);
            }
            Some((info, ticket))
        })
    }
}

/// Takes a place of `max_concurrent_handlers` for a poll in place. One serves all handlers of a publish that are ready at once.
fn take_place(core: &Core, place: &mut Place) -> bool {
    if *place == Place::None && core.lock().places.try_take() {
        *place = Place::Held;
    }
    *place == Place::Held
}

/// Calls an async handler and polls it once.
fn poll_once(mut pending: Pending, subscription: SubscriptionId, event: &AnyEvent) -> Result<Ran, Pending> {
    // The driver polls again at once and leaves its own waker, so that this one is never needed.
    let polled = match pending.runner.start(event.clone().through(subscription)) {
        Ok(()) => pending.runner.poll(&mut Context::from_waker(Waker::noop())),
        Err(outcome) => Poll::Ready(outcome),
    };
    let Pending { at, runner, .. } = pending;
    match polled {
        Poll::Ready(outcome) => Ok(Ran { at, subscription, runner: Runner::Async(runner), outcome }),
        Poll::Pending => Err(Pending { at, runner, began: pending.began }),
    }
}

/// Notes what became of a claim, and finds what its handler does next.
fn end(
    order: &mut Order,
    ran: Ran,
    event: &AnyEvent,
    receipt: &mut Receipt,
    tick: u64,
    after: &mut After,
) -> Option<(Key, Next)> {
    let Ran { at: JobRef { lane, job }, subscription, runner, outcome } = ran;
    if outcome == Outcome::Handled {
        receipt.handled += 1;
        order.lanes.get_mut(lane).into_iter().for_each(|found| found.counts.handled += 1);
    } else if let Some(name) = order.lanes.get(lane).map(|found| Arc::clone(&found.info.name)) {
        receipt.note(&Settled::Done(subscription, &name, &outcome));
        order.settle(lane, None, &outcome, event.kind(), after);
    }
    order.finish(lane, job, runner, tick, after).map(|next| (lane, next))
}

/// Starts a handler on what waits for it: used where a subscription begins with a replay.
pub(crate) fn start(core: &Arc<Core>, lane: Key, runner: Runner) {
    let tick = core.ticks.load(Ordering::Relaxed);
    if let Some(next) = core.step(|order, after| order.resume(lane, runner, 0, tick, after)) {
        go_on(core, lane, next);
    }
    run_later();
}

/// Goes on with a handler's backlog: a sync handler right here, an async one in a driver.
fn go_on(core: &Arc<Core>, lane: Key, next: Next) {
    match next {
        Next { runner: Runner::Async(runner), job, queued, info } => {
            let work = Work {
                job,
                runner,
                event: queued.event,
                ticket: queued.ticket,
                started: false,
                deadline: None,
            };
            Driver::spawn(core, info, lane, work, Place::None, None);
        }
        next => drain(core, lane, next),
    }
}

/// Runs a sync handler until nothing waits for it.
fn drain(core: &Arc<Core>, lane: Key, first: Next) {
    let mut next = Some(first);
    while let Some(Next { runner: Runner::Sync(mut runner), job, queued, info }) = next.take() {
        let entered = Entered::new(core, Cause::of(&queued.event), true);
        entered.job(JobRef { lane, job }, true);
        let (event, outcome) = runner.run(queued.event.through(info.id));
        drop(entered);
        next = core.step(|order, after| {
            order.settle(lane, queued.ticket, &outcome, event.kind(), after);
            after.events.push(event);
            order.finish(lane, job, Runner::Sync(runner), core.ticks.load(Ordering::Relaxed), after)
        });
    }
}

/// Runs the sync handlers that were claimed too deep on this stack, once nothing is on it.
pub(crate) fn run_later() {
    if context::nesting() > 0 {
        return;
    }
    let next = || LATER.try_with(|later| later.borrow_mut().pop_front()).ok().flatten();
    while let Some(claimed) = next() {
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

impl Runner {
    pub(crate) fn is_sync(&self) -> bool {
        matches!(self, Self::Sync(_))
    }
}
