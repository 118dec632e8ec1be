//! What a publish claimed and cannot run on its own stack: async handlers go to a driver, sync ones to the outermost publish of the thread.

use std::cell::Cell;
use std::sync::Arc;
use std::task::Waker;

use crate::dispatch::crew::shift::Shift;
use crate::dispatch::crew::team::{Handlers, Polled, Team};
use crate::dispatch::few::Few;
use crate::dispatch::run::backlog;
use crate::dispatch::run::claim::{Claim, SCRATCH};
use crate::dispatch::run::context::{self, JobRef};
use crate::dispatch::run::driver::Driver;
use crate::dispatch::run::place::Place;
use crate::dispatch::run::runner::{AsyncRunner, Runner};
use crate::dispatch::slab::Key;
use crate::dispatch::step::publish::Mode;
use crate::dispatch::step::record::Step;
use crate::dispatch::wait::ticket::{Settled, Ticket};
use crate::dispatch::{After, LaneInfo, Order, State, guarded};
use crate::event::AnyEvent;
use crate::sync::{Instant, Ordering};

/// An async handler that is not done.
pub(super) struct Pending {
    at: JobRef,
    /// Gone once its driver has it.
    runner: Option<Box<dyn AsyncRunner>>,
    /// Whether it was called.
    started: bool,
    /// When it was first polled, for its timeout.
    began: Option<Instant>,
    place: Place,
    /// Of the driver's task, which is to be woken.
    waker: Option<Waker>,
}

impl Pending {
    /// One that was polled.
    #[inline]
    pub(super) fn polled(
        at: JobRef,
        runner: Box<dyn AsyncRunner>,
        began: Option<Instant>,
        place: Place,
    ) -> Self {
        Self { at, runner: Some(runner), started: true, began, place, waker: None }
    }

    #[inline]
    fn unpolled(at: JobRef, runner: Box<dyn AsyncRunner>) -> Self {
        Self { at, runner: Some(runner), started: false, began: None, place: Place::None, waker: None }
    }
}

// An empty list with room in it, so that a publish need not ask for memory.
crate::sync::per_thread_plain!(PENDING: Cell<Vec<Pending>> = Cell::new(Vec::new()));

/// Notes one in a list of them. It is made in its place: what is made first and then pushed stalls the processor.
#[inline]
pub(super) fn note(pending: &mut Vec<Pending>, one: impl FnOnce() -> Pending) {
    if pending.capacity() == 0 {
        *pending = PENDING.try_with(Cell::take).unwrap_or_default();
    }
    pending.extend(std::iter::once_with(one));
}

impl Step<'_> {
    /// Hands over what could not run here.
    pub(super) fn hand_over(&mut self, event: &AnyEvent, shifts: &mut Few<Shift>, claims: &mut [Claim]) {
        let mut pending = Vec::new();
        shifts.each(|Shift { job, team, .. }| {
            let Team { handlers: Handlers::Async(polled), done, .. } = &mut **team else { return };
            for Polled { member, runner } in polled.iter_mut().skip(*done) {
                let Some(runner) = runner.take() else { continue };
                let at = JobRef { lane: member.lane, job: *job };
                note(&mut pending, || Pending::unpolled(at, runner));
            }
        });
        for claim in claims.iter_mut().filter(|claim| claim.handled.is_none()) {
            match claim.runner.take() {
                Some(Runner::Async(runner)) => note(&mut pending, || Pending::unpolled(claim.at, runner)),
                Some(runner @ Runner::Sync(_)) => self.postpone(event, claim.at, runner),
                None => {}
            }
        }
        self.drive(event, pending);
    }

    /// Gives async handlers to the driver tasks on their runtimes, in one stroke.
    #[inline]
    pub(super) fn drive(&mut self, event: &AnyEvent, pending: Vec<Pending>) {
        if !pending.is_empty() {
            self.drive_all(event, pending);
        }
    }

    #[inline(never)]
    fn drive_all(&mut self, event: &AnyEvent, mut pending: Vec<Pending>) {
        let core = self.core;
        let mut unhired = Few::default();
        core.step(|order, after| {
            let ticket = self.open_ticket(order, pending.len());
            for one in &mut pending {
                self.leave(order, ticket, event, one, &mut unhired, after);
            }
        });
        let wakers = pending.drain(..).filter_map(|pending| pending.waker);
        wakers.for_each(|waker| guarded(|| waker.wake()));
        unhired.for_each(Driver::employ);
        if pending.capacity() <= SCRATCH {
            let _ = PENDING.try_with(|kept| kept.set(pending));
        }
    }

    /// Makes a driver of a handler that is not done, and leaves it to its task.
    fn leave(
        &mut self,
        order: &mut Order,
        ticket: Key,
        event: &AnyEvent,
        one: &mut Pending,
        unhired: &mut Few<Box<Driver>>,
        after: &mut After,
    ) {
        let (Some(runner), at) = (one.runner.take(), one.at) else { return };
        let Some(info) = self.promise(order, ticket, at, one.started, after) else {
            after.rare().runners.push(Runner::Async(runner));
            return;
        };
        let mut driver = Driver::of(self.core, info, at, runner, event.clone(), Some(ticket));
        if one.started {
            driver.goes_on(one.began, one.place);
        }
        one.waker = driver.leave(order, unhired, after);
    }

    /// Leaves a sync handler to the outermost publish of this thread.
    fn postpone(&mut self, event: &AnyEvent, at: JobRef, runner: Runner) {
        // A sync handler below blocks its thread while it waits, and this one cannot run before it returns.
        let stuck = self.mode == Mode::Await && context::within_sync();
        self.core.step(|order, after| {
            let ticket = self.open_ticket(order, 1);
            self.promise(order, ticket, at, true, after);
            if let Some(found) = order.tickets.get_mut(ticket).filter(|_| stuck) {
                found.settle(at.lane, &Settled::Deferred);
            }
        });
        backlog::postpone((Arc::clone(self.core), event.clone(), at, runner));
    }

    /// The ticket through which the publisher learns of what is not done when the publish returns.
    fn open_ticket(&mut self, order: &mut Order, more: usize) -> Key {
        let ticket = *self.ticket.get_or_insert_with(|| order.tickets.insert(Ticket::default()));
        order.tickets.get_mut(ticket).into_iter().for_each(|ticket| ticket.pending.reserve(more));
        order.note_waiter(ticket, if self.mode == Mode::Await { self.here } else { None });
        ticket
    }

    /// Notes that a delivery is not done when the publish returns.
    fn promise<'o>(
        &self,
        order: &'o mut Order,
        ticket: Key,
        at: JobRef,
        begun: bool,
        after: &mut After,
    ) -> Option<&'o Arc<LaneInfo>> {
        order.spread_at(at.lane);
        order.note_away(at.lane);
        order.tickets.get_mut(ticket)?.pending.push_back(at.lane);
        let found = order.lanes.get_mut(at.lane)?;
        // Where the bus was closed meanwhile, this was told to be at work.
        let begun = begun || (order.closed && found.state == State::Ended);
        let running = found.running_mut(at.job)?;
        running.begun = begun;
        running.batch = 0;
        running.waiter = None;
        running.ticket = Some(ticket);
        if running.since == 0 {
            running.since = self.core.ticks.load(Ordering::Relaxed);
        }
        if running.awaits_event {
            order.await_event(at, after);
        }
        order.lanes.get(at.lane).map(|found| &found.info)
    }
}
