//! What a publish claimed and cannot run on its own stack: async handlers go to a driver, sync ones to the outermost publish of the thread.

use std::sync::Arc;

use tokio::time::Instant;

use crate::dispatch::crew::shift::Shift;
use crate::dispatch::crew::team::{Handlers, Polled, Team};
use crate::dispatch::few::Few;
use crate::dispatch::run::backlog;
use crate::dispatch::run::claim::Claim;
use crate::dispatch::run::context::{self, JobRef};
use crate::dispatch::run::driver::{Driver, Work};
use crate::dispatch::run::place::Place;
use crate::dispatch::run::runner::{AsyncRunner, Runner};
use crate::dispatch::slab::Key;
use crate::dispatch::step::publish::Mode;
use crate::dispatch::step::record::Step;
use crate::dispatch::wait::ticket::{Settled, Ticket};
use crate::dispatch::{LaneInfo, State};
use crate::event::AnyEvent;
use crate::sync::Ordering;

/// An async handler that is not done.
pub(super) struct Pending {
    pub(super) at: JobRef,
    pub(super) runner: Box<dyn AsyncRunner>,
    /// When it was first polled, for its timeout.
    pub(super) began: Option<Instant>,
}

impl Step<'_> {
    /// Hands over what could not run here.
    pub(super) fn hand_over(&mut self, event: &AnyEvent, shifts: &mut Few<Shift>, claims: &mut [Claim]) {
        shifts.each(|Shift { job, team, .. }| {
            let Team { handlers: Handlers::Async(polled), done, .. } = &mut **team else { return };
            for Polled { member, runner } in polled.iter_mut().skip(*done) {
                let Some(runner) = runner.take() else { continue };
                let at = JobRef { lane: member.lane, job: *job };
                self.drive(event, Pending { at, runner, began: None }, Place::None, false);
            }
        });
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

    /// Gives an async handler to a driver task on its runtime.
    pub(super) fn drive(&mut self, event: &AnyEvent, pending: Pending, place: Place, started: bool) {
        let Pending { at, runner, began } = pending;
        let Some((info, ticket)) = self.promise(at, false, started) else { return };
        let work =
            Work { job: at.job, runner, event: event.clone(), ticket: Some(ticket), started, deadline: None };
        Driver::start(self.core, info, at.lane, work, place, began);
    }

    /// Leaves a sync handler to the outermost publish of this thread.
    fn postpone(&mut self, event: &AnyEvent, at: JobRef, runner: Runner) {
        // A sync handler below blocks its thread while it waits, and this one cannot run before it returns.
        let stuck = self.mode == Mode::Await && context::within_sync();
        self.promise(at, stuck, true);
        backlog::postpone((Arc::clone(self.core), event.clone(), at, runner));
    }

    /// Notes that a delivery is not done when the publish returns: the publisher learns of it through the ticket.
    fn promise(&mut self, at: JobRef, deferred: bool, begun: bool) -> Option<(Arc<LaneInfo>, Key)> {
        let waiter = if self.mode == Mode::Await { self.here } else { None };
        let known = &mut self.ticket;
        let tick = self.core.ticks.load(Ordering::Relaxed);
        self.core.step(|order, after| {
            let ticket = *known.get_or_insert_with(|| order.tickets.insert(Ticket::default()));
            order.spread();
            order.note_away(at.lane);
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
            if running.since == 0 {
                running.since = tick;
            }
            if running.awaits_event {
                order.await_event(at, after);
            }
            Some((info, ticket))
        })
    }
}
