//! Everything that the order lock protects, and the steps that are taken under it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::dispatch::Settings;
use crate::dispatch::crew::Crew;
use crate::dispatch::crew::queue::Turn;
use crate::dispatch::few::Few;
use crate::dispatch::lane::queue::Queued;
use crate::dispatch::lane::{Counts, Lane, LaneInfo, Running, State, Work};
use crate::dispatch::memory::history::History;
use crate::dispatch::memory::pairs::Pairs;
use crate::dispatch::route::Routes;
use crate::dispatch::run::after::{After, Report};
use crate::dispatch::run::context::JobRef;
use crate::dispatch::run::place::Places;
use crate::dispatch::run::runner::{Outcome, Runner};
use crate::dispatch::slab::{Key, Slab};
use crate::dispatch::tape::Tape;
use crate::dispatch::wait::ticket::{Settled, Ticket};
use crate::event::{AnyEvent, SubscriptionId};

use crate::registry::Catalogue;
use crate::sync::planted;

/// Counts that belong to no subscription.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Totals {
    pub(crate) published: u64,
    pub(crate) unobserved: u64,
    pub(crate) refused: u64,
    /// Of all subscriptions that have ended.
    pub(crate) ended: Counts,
}

/// What the order lock protects. Whoever holds the lock decides the order of events; nothing of the user's runs under it.
pub(crate) struct Order {
    pub(crate) closed: bool,
    pub(crate) next_seq: u64,
    pub(crate) next_job: u64,
    pub(crate) next_subscription: u64,
    pub(crate) routes: Routes,
    pub(crate) lanes: Slab<Lane>,
    pub(crate) crews: Slab<Crew>,
    /// Crews that a publish has claimed, and of whom no lane has its own entry yet.
    pub(crate) at_work: Vec<Key>,
    pub(crate) tapes: Slab<Tape>,
    pub(crate) ids: HashMap<SubscriptionId, Key, hashbrown::DefaultHashBuilder>,
    pub(crate) tickets: Slab<Ticket>,
    pub(crate) places: Places,
    pub(crate) history: History,
    pub(crate) pairs: Pairs,
    pub(crate) totals: Totals,
    /// Subscriptions with a predicate, which must be asked before the step.
    pub(crate) predicates: usize,
    /// Whether threads wait for room in a sync subscription, and were not told of any since.
    pub(crate) blocked: bool,
    /// Who waits for the bus to be quiet.
    pub(crate) closers: Vec<std::task::Waker>,
}

/// The next event for a handler that has just finished one.
pub(crate) struct Next {
    pub(crate) runner: Runner,
    pub(crate) job: u64,
    pub(crate) queued: Queued,
    pub(crate) info: Arc<LaneInfo>,
}

/// Who goes on with what waits for them.
#[derive(Default)]
pub(crate) struct More {
    pub(crate) lanes: Vec<(Key, Next)>,
    pub(crate) crews: Few<Turn>,
}

impl Order {
    pub(crate) fn new(settings: &Settings, catalogue: &Catalogue) -> Self {
        let mut routes = Routes::default();
        catalogue.iter().for_each(|event| {
            routes.declare(event);
        });
        Self {
            closed: false,
            next_seq: 1,
            next_job: 0,
            next_subscription: 0,
            routes,
            lanes: Slab::new(),
            crews: Slab::new(),
            at_work: Vec::new(),
            tapes: Slab::new(),
            ids: HashMap::default(),
            tickets: Slab::new(),
            places: Places::new(settings.max_concurrent_handlers),
            history: History::new(settings.history, settings.transient_history),
            pairs: Pairs::default(),
            totals: Totals::default(),
            predicates: 0,
            blocked: false,
            closers: Vec::new(),
        }
    }

    /// Notes what became of one delivery, in the counts and for its publisher.
    pub(crate) fn settle(
        &mut self,
        lane: Key,
        ticket: Option<Key>,
        outcome: &Outcome,
        event: &AnyEvent,
        after: &mut After,
    ) {
        let Some(found) = self.lanes.get_mut(lane) else { return };
        found.counts.note(outcome);
        if let Some(ticket) = ticket.and_then(|ticket| self.tickets.get_mut(ticket)) {
            let settled = Settled::Done(found.info.id, &found.info.name, outcome);
            after.wakers.extend(ticket.settle(lane, &settled));
        }
        if matches!(outcome, Outcome::Failed(_) | Outcome::Panicked(_) | Outcome::TimedOut | Outcome::Dropped)
        {
            after.rare().reports.push(Report {
                info: Arc::clone(&found.info),
                kind: event.kind().to_owned(),
                outcome: outcome.clone(),
            });
        }
    }

    /// Ends one event's work in a handler, and gives the handler its next event, or puts it back to be claimed.
    #[inline(never)]
    pub(crate) fn finish(
        &mut self,
        lane: Key,
        job: u64,
        runner: Runner,
        tick: u64,
        after: &mut After,
    ) -> Option<Next> {
        let Some(found) = self.lanes.get_mut(lane) else {
            after.rare().runners.push(runner);
            return None;
        };
        if found.is_done_with(job) {
            self.rest(lane, runner, after);
            self.note_end(after);
            return None;
        }
        let at = found.running.iter().position(|running| running.job == job);
        let done = at.map(|at| found.running.swap_remove(at)).filter(|_| runner.is_sync());
        // The next event of a sync handler runs on the same stack.
        let stack = done.map(|done| (done.waiter, done.batch)).unwrap_or_default();
        let next = self.resume(lane, runner, stack, tick, after);
        self.note_end(after);
        next
    }

    /// Gives the next place to an event that is kept or wanted, and counts it. An event that is neither gets none.
    #[inline]
    pub(crate) fn number(&mut self, kind: usize, wanted: bool, transient: bool) -> bool {
        if !(wanted || self.history.keeps(transient)) {
            self.totals.unobserved += 1;
            return false;
        }
        self.next_seq += 1;
        self.totals.published += 1;
        self.routes.kind_mut(kind).published += 1;
        true
    }

    /// Tells those who wait for a handler to end that one has.
    #[inline]
    pub(crate) fn note_end(&mut self, after: &mut After) {
        self.note_room(after);
        self.note_quiet(after);
    }

    /// Tells those who wait for room to look again.
    #[inline]
    pub(crate) fn note_room(&mut self, after: &mut After) {
        after.room |= std::mem::take(&mut self.blocked) && !planted("room_unwoken");
    }

    /// Puts an idle handler to work on what waits for it, or back to be claimed.
    pub(crate) fn resume(
        &mut self,
        lane: Key,
        runner: Runner,
        (waiter, batch): (Option<JobRef>, u64),
        tick: u64,
        after: &mut After,
    ) -> Option<Next> {
        let Some(found) = self.lanes.get_mut(lane).filter(|found| found.state != State::Ended) else {
            after.rare().runners.push(runner);
            self.bury(lane, after);
            return None;
        };
        let Some(mut queued) = found.backlog.pop() else {
            self.rest(lane, runner, after);
            return None;
        };
        if let Some(gap) = queued.gap.take() {
            after.rare().lags.push((Arc::clone(&found.info), *gap));
        }
        self.next_job += 1;
        let job = self.next_job;
        // An async handler begins when its driver has a place for it; until then an end of its subscription drops the event.
        let begun = runner.is_sync();
        let running = Running::new(job, waiter, batch, tick);
        found.running.push(Running { ticket: queued.ticket, begun, ..running });
        Some(Next { runner, job, queued, info: Arc::clone(&found.info) })
    }

    /// Puts a handler back for whom nothing waits.
    fn rest(&mut self, lane: Key, runner: Runner, after: &mut After) {
        let Some(found) = self.lanes.get_mut(lane) else { return };
        if let Some(gap) = found.backlog.take_tail_gap() {
            after.rare().lags.push((Arc::clone(&found.info), gap));
        }
        let left = self.seat(lane, runner);
        let Some(found) = self.lanes.get_mut(lane) else { return };
        if let Some(runner) = left {
            found.put_idle(runner);
        }
        if found.state == State::Closing && found.running.is_empty() {
            found.state = State::Ended;
            self.bury(lane, after);
        }
    }

    /// Takes the next event out of a stream's queue, and tells awaited emits that there is room.
    pub(crate) fn pull(&mut self, lane: Key, after: &mut After) -> Option<Queued> {
        let found = self.lanes.get_mut(lane)?;
        let queued = found.backlog.pop()?;
        found.counts.handled += 1;
        if !found.room.is_empty() && !found.backlog.is_full() {
            for ticket in std::mem::take(&mut found.room) {
                if let Some(ticket) = self.tickets.get_mut(ticket) {
                    after.wakers.extend(ticket.settle(lane, &Settled::Queued));
                }
            }
        }
        Some(queued)
    }

    /// Ends a subscription: it takes no more events, what waits for it is dropped and counted, and it is gone when what runs has run.
    pub(crate) fn end(&mut self, lane: Key, after: &mut After) -> bool {
        let Some(found) = self.lanes.get_mut(lane) else { return false };
        let before = std::mem::replace(&mut found.state, State::Ended);
        if before == State::Ended {
            return false;
        }
        let seated = self.leave_crew(lane, after) | self.leave_tape(lane, after);
        let Some(found) = self.lanes.get_mut(lane) else { return false };
        let info = Arc::clone(&found.info);
        self.ids.remove(&info.id);
        let Some(found) = self.lanes.get_mut(lane) else { return false };
        let waiting = found.backlog.drain();
        let room = std::mem::take(&mut found.room);
        if let Work::Pull { waker, heir, .. } = &mut found.work {
            after.wakers.extend(waker.take());
            after.wakers.extend(heir.bequeath(None));
        }
        self.note_room(after);
        for queued in waiting {
            let dropped = Outcome::Dropped;
            if let Some(found) = self.lanes.get_mut(lane)
                && !planted("drop_uncounted")
            {
                found.counts.note(&dropped);
            }
            self.tell(lane, queued.ticket, &Settled::Done(info.id, &info.name, &dropped), after);
            after.rare().queued.push(queued);
        }
        for ticket in room {
            self.tell(lane, Some(ticket), &Settled::Done(info.id, &info.name, &Outcome::Dropped), after);
        }
        if before == State::Open {
            self.unroute(lane, &info, seated);
        }
        self.bury(lane, after);
        self.note_quiet(after);
        true
    }

    /// Lets a subscription take no more events. What waits for it is still delivered.
    pub(crate) fn close_lane(&mut self, lane: Key, after: &mut After) {
        let seated = self.leave_crew(lane, after) | self.leave_tape(lane, after);
        let Some(found) = self.lanes.get_mut(lane) else { return };
        if found.state == State::Open {
            found.state = State::Closing;
            let info = Arc::clone(&found.info);
            self.unroute(lane, &info, seated);
        }
    }

    /// Settles a delivery that was handled, where somebody is told of it.
    pub(crate) fn tell_handled(&mut self, lane: Key, ticket: Option<Key>, after: &mut After) {
        let Some(info) = self.lanes.get(lane).filter(|_| ticket.is_some()).map(|found| &found.info) else {
            return;
        };
        let info = Arc::clone(info);
        self.tell(lane, ticket, &Settled::Done(info.id, &info.name, &Outcome::Handled), after);
    }

    fn tell(&mut self, lane: Key, ticket: Option<Key>, settled: &Settled<'_>, after: &mut After) {
        if let Some(ticket) = ticket.and_then(|ticket| self.tickets.get_mut(ticket)) {
            after.wakers.extend(ticket.settle(lane, settled));
        }
    }

    /// Takes a subscription out of the routing table: no later event reaches it.
    fn unroute(&mut self, lane: Key, info: &LaneInfo, seated: bool) {
        if seated {
            return;
        }
        let Self { lanes, routes, predicates, .. } = self;
        *predicates -= usize::from(!info.predicates.is_empty());
        routes.forget(&info.kinds, &info.wanted, |key| {
            key != lane && lanes.get(key).is_some_and(|lane| lane.state == State::Open)
        });
    }

    /// Removes an ended subscription that nothing runs in any more.
    fn bury(&mut self, lane: Key, after: &mut After) {
        let idle =
            self.lanes.get(lane).is_some_and(|found| found.state == State::Ended && found.running.is_empty());
        if idle && let Some(gone) = self.lanes.remove(lane) {
            self.totals.ended.add(&gone.counts);
            self.ids.remove(&gone.info.id);
            after.rare().lanes.push(gone);
        }
    }

    /// Whether no handler is at work and nothing waits for one, but for the handlers in `except`.
    pub(crate) fn is_quiet(&mut self, except: impl Fn(JobRef) -> bool) -> bool {
        self.spread();
        self.lanes.iter().all(|(lane, found)| {
            let own = |running: &Running| running.closes || except(JobRef { lane, job: running.job });
            let drained = found.backlog.is_empty() || matches!(found.work, Work::Pull { .. });
            found.stands_still(own) || (drained && found.running.is_empty())
        })
    }

    #[inline]
    fn note_quiet(&mut self, after: &mut After) {
        if self.closed {
            after.wakers.extend(self.closers.drain(..));
        }
    }
}
