//! Runs what a publish claimed, and lets go of it in one stroke.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::time::Instant;

use crate::dispatch::order::Next;
use crate::dispatch::run::after::After;
use crate::dispatch::run::context::{self, Cause, Entered, JobRef};
use crate::dispatch::run::driver::{Driver, Work};
use crate::dispatch::run::place::Place;
use crate::dispatch::run::runner::{AsyncRunner, Outcome, Runner};
use crate::dispatch::slab::Key;
use crate::dispatch::step::publish::Mode;
use crate::dispatch::wait::receipt::Receipt;
use crate::dispatch::wait::ticket::{Settled, Ticket};
use crate::dispatch::{Core, LaneInfo, Order, Queued, State};
use crate::event::{AnyEvent, SubscriptionId};
use crate::sync::Ordering;

/// The exclusive right to run one handler on one event.
pub(crate) struct Claim {
    pub(crate) at: JobRef,
    pub(crate) subscription: SubscriptionId,
    /// Gone once somebody else has the claim.
    pub(crate) runner: Option<Runner>,
    /// Whether it may run on this stack.
    pub(crate) in_place: bool,
    /// Whether the handler has a timeout.
    pub(crate) timed: bool,
    /// Whether it ended well, once it has run. What became of it otherwise is in the batch.
    pub(crate) handled: Option<bool>,
}

/// The publish that made the claims, and what it tells its publisher.
pub(crate) struct Batch<'a> {
    pub(crate) core: &'a Arc<Core>,
    pub(crate) mode: Mode,
    /// The handler that publishes.
    pub(crate) here: Option<JobRef>,
    /// The place of `max_concurrent_handlers` for polls in place. One serves all handlers that are ready at once.
    pub(crate) place: Place,
    pub(crate) receipt: &'a mut Receipt,
    pub(crate) ticket: &'a mut Option<Key>,
    /// What became of the claims that did not end well, in their order.
    pub(crate) troubles: Vec<(JobRef, Outcome)>,
}

/// An async handler that is not done.
struct Pending {
    at: JobRef,
    runner: Box<dyn AsyncRunner>,
    /// When it was first polled, for its timeout.
    began: Option<Instant>,
}

/// Sync handlers that were claimed too deep on a stack; its outermost publish runs them.
type Postponed = (Arc<Core>, AnyEvent, JobRef, Runner);

/// Claims that a thread keeps room for.
const SCRATCH: usize = 1_024;

crate::sync::per_thread!(LATER: VecDeque<Postponed> = VecDeque::new());
// An empty list with room in it, so that a publish need not ask for memory.
crate::sync::per_thread_cell!(CLAIMS: Vec<Claim> = Vec::new());

/// A list to put claims into.
pub(crate) fn scratch() -> Vec<Claim> {
    CLAIMS.try_with(Cell::take).unwrap_or_default()
}

impl Batch<'_> {
    /// Runs the claims: in place what may run here, the others are handed over.
    pub(crate) fn run(&mut self, event: AnyEvent, mut claims: Vec<Claim>) {
        let event = self.call(event, &mut claims);
        self.poll(&event, &mut claims);
        self.hand_over(&event, &mut claims);
        let next = self.end(&event, &mut claims);
        give_back(claims);
        for (lane, next) in next {
            go_on(self.core, lane, next);
        }
        // Here rather than with the event handle that the caller keeps: the last one drops the payload.
        crate::dispatch::guarded(|| drop(event));
        run_later();
    }

    /// Calls the sync handlers.
    fn call(&mut self, mut event: AnyEvent, claims: &mut [Claim]) -> AnyEvent {
        let entered = Entered::new(self.core, Cause::of(&event));
        for claim in claims.iter_mut().filter(|claim| claim.in_place) {
            if let Some(Runner::Sync(runner)) = &mut claim.runner {
                entered.job(claim.at, true);
                let (back, outcome) = runner.run(event.through(claim.subscription));
                event = back;
                self.note(claim, outcome);
            }
        }
        event
    }

    /// Polls the async handlers, after the sync ones: those must not hold a place.
    fn poll(&mut self, event: &AnyEvent, claims: &mut [Claim]) {
        let polled = |claim: &&mut Claim| claim.in_place && matches!(claim.runner, Some(Runner::Async(_)));
        let mut claims = claims.iter_mut().filter(polled).peekable();
        if claims.peek().is_none() {
            return;
        }
        let entered = Entered::new(self.core, Cause::of(event));
        for claim in claims {
            if !self.takes_place() {
                return;
            }
            let Some(Runner::Async(runner)) = &mut claim.runner else { continue };
            entered.job(claim.at, false);
            let began = claim.timed.then(Instant::now);
            // The driver polls again at once and leaves its own waker, so that this one is never needed.
            let context = &mut Context::from_waker(Waker::noop());
            match runner.begin(event.clone().through(claim.subscription), context) {
                Poll::Ready(outcome) => self.note(claim, outcome),
                Poll::Pending => {
                    let Some(Runner::Async(runner)) = claim.runner.take() else { continue };
                    // A handler that waits in the bus holds no place; any other takes this one along.
                    let held = if entered.waits() {
                        Place::None
                    } else {
                        std::mem::replace(&mut self.place, Place::None)
                    };
                    self.drive(event, Pending { at: claim.at, runner, began }, held, true);
                }
            }
        }
    }

    /// Notes how a claim ended.
    fn note(&mut self, claim: &mut Claim, outcome: Outcome) {
        let handled = matches!(outcome, Outcome::Handled);
        claim.handled = Some(handled);
        if !handled {
            self.troubles.push((claim.at, outcome));
        }
    }

    /// Takes a place for a poll in place, unless it has one.
    fn takes_place(&mut self) -> bool {
        if self.place == Place::None && self.core.lock().places.try_take() {
            self.place = Place::Held;
        }
        self.place == Place::Held
    }

    /// Hands over what could not run here.
    fn hand_over(&mut self, event: &AnyEvent, claims: &mut [Claim]) {
        for claim in claims.iter_mut().filter(|claim| claim.handled.is_none()) {
            match claim.runner.take() {
                Some(Runner::Async(runner)) => {
                    self.drive(event, Pending { at: claim.at, runner, began: None }, Place::None, false);
                }
                Some(runner @ Runner::Sync(_)) => self.postpone(event, claim.at, runner),
                None => {}
            }
        }
    }

    /// Notes what became of the claims that ran here, in one stroke, and finds what their handlers do next.
    fn end(&mut self, event: &AnyEvent, claims: &mut Vec<Claim>) -> Vec<(Key, Next)> {
        let core = self.core;
        let mut next = Vec::new();
        core.step(|order, after| {
            after.wakers.extend(order.places.give(&mut self.place));
            let tick = core.ticks.load(Ordering::Relaxed);
            for claim in &mut *claims {
                let JobRef { lane, job } = claim.at;
                let (Some(handled), Some(runner)) = (claim.handled, claim.runner.take()) else { continue };
                let left = if handled {
                    self.receipt.handled += 1;
                    match order.lanes.get_mut(lane) {
                        Some(found) => found.rest(job, runner),
                        None => Some(runner),
                    }
                } else {
                    self.tell(order, claim, event, after);
                    Some(runner)
                };
                let more = left.and_then(|runner| order.finish(lane, job, runner, tick, after));
                next.extend(more.map(|more| (lane, more)));
            }
            order.note_end(after);
        });
        claims.clear();
        next
    }

    /// Notes a claim that did not end well.
    #[cold]
    fn tell(&mut self, order: &mut Order, claim: &Claim, event: &AnyEvent, after: &mut After) {
        let Some(at) = self.troubles.iter().position(|(job, _)| *job == claim.at) else { return };
        let (JobRef { lane, .. }, outcome) = self.troubles.remove(at);
        if let Some(name) = order.lanes.get(lane).map(|found| Arc::clone(&found.info.name)) {
            self.receipt.note(&Settled::Done(claim.subscription, &name, &outcome));
            order.settle(lane, None, &outcome, event.kind(), after);
        }
    }

    /// Gives an async handler to a driver task on its runtime.
    fn drive(&mut self, event: &AnyEvent, pending: Pending, place: Place, started: bool) {
        let Pending { at, runner, began } = pending;
        let Some((info, ticket)) = self.promise(at, false, started) else { return };
        let work =
            Work { job: at.job, runner, event: event.clone(), ticket: Some(ticket), started, deadline: None };
        Driver::spawn(self.core, info, at.lane, work, place, began);
    }

    /// Leaves a sync handler to the outermost publish of this thread.
    fn postpone(&mut self, event: &AnyEvent, at: JobRef, runner: Runner) {
        // A sync handler below blocks its thread while it waits, and this one cannot run before it returns.
        let stuck = self.mode == Mode::Await && context::within_sync();
        self.promise(at, stuck, true);
        let mut claimed = Some((Arc::clone(self.core), event.clone(), at, runner));
        let kept = LATER.try_with(|later| later.borrow_mut().extend(claimed.take()));
        // Only a thread at its end has no list any more.
        if let (Err(_), Some(claimed)) = (kept, claimed) {
            run_postponed(claimed);
        }
    }

    /// Notes that a delivery is not done when the publish returns: the publisher learns of it through the ticket.
    fn promise(&mut self, at: JobRef, deferred: bool, begun: bool) -> Option<(Arc<LaneInfo>, Key)> {
        let waiter = if self.mode == Mode::Await { self.here } else { None };
        let known = &mut *self.ticket;
        self.core.step(|order, after| {
            let ticket = *known.get_or_insert_with(|| order.tickets.insert(Ticket::default()));
            order.note_waiter(ticket, waiter);
            if let Some(found) = order.tickets.get_mut(ticket) {
                found.pending.push(at.lane);
                if deferred {
                    found.settle(at.lane, &Settled::Deferred);
                }
            }
            let found = order.lanes.get_mut(at.lane)?;
            let info = Arc::clone(&found.info);
            // Where the bus was closed meanwhile, this was told to be at work.
            let begun = begun || (order.closed && found.state == State::Ended);
            let running = found.running_mut(at.job)?;
            running.begun = begun;
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

/// Keeps the memory of a list of claims for the next publish of this thread.
pub(crate) fn give_back(claims: Vec<Claim>) {
    if claims.capacity() <= SCRATCH {
        let _ = CLAIMS.try_with(|kept| kept.set(claims));
    }
}

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
        let entered = Entered::new(core, Cause::of(&queued.event));
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
