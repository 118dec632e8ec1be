//! One event on its way through the subscriptions, under the order lock.

use crate::dispatch::crew::shift::Shift;
use crate::dispatch::crew::{Claimed, Crew};
use crate::dispatch::lane::{Lane, Running, State};
use crate::dispatch::order::Order;
use crate::dispatch::run::claim::{self, Claim};
use crate::dispatch::run::context::{self, JobRef};
use crate::dispatch::run::place::Place;
use crate::dispatch::run::runner::Runner;
use crate::dispatch::slab::{Key, Slab};
use crate::dispatch::step::publish::Mode;
use crate::dispatch::step::record::Step;
use crate::dispatch::wait::receipt::count;
use crate::dispatch::wait::ticket::Ticket;
use crate::event::AnyEvent;
use crate::sync::{Handle, Id};

impl Step<'_> {
    /// Hands the event to every subscription that wants it.
    #[inline]
    pub(in crate::dispatch) fn deliver(&mut self, order: &mut Order, kind: usize, event: &AnyEvent) {
        let misfit = event.body().payload().is_none();
        self.put_on_tapes(order, kind, event, misfit);
        self.deliver_to_crews(order, kind, event, misfit);
        let Order { routes, lanes, tickets, next_job, .. } = order;
        routes.candidates(kind, event.scope(), |key| {
            let Some(lane) = lanes.get_mut(key) else { return };
            // A typed subscription cannot hold a payload that does not fit its type.
            let unfit = misfit && lane.manner.typed;
            let unwanted = lane.manner.asks && self.prepared.verdict(key) != Some(true);
            if lane.state == State::Open && !unfit && !unwanted {
                let runner = lane.claim();
                self.give(key, lane, event, runner, next_job, tickets);
            }
        });
        if self.polls && !self.calls && order.places.try_take() {
            self.place = Place::Held;
        }
    }

    /// Hands the event to handlers without a filter: to each crew as one, or one by one where it is at work for another publish.
    #[inline]
    fn deliver_to_crews(&mut self, order: &mut Order, kind: usize, event: &AnyEvent, misfit: bool) {
        let Order { routes, lanes, crews, at_work, tickets, next_job, .. } = order;
        for own in routes.crews(kind) {
            let Some(crew) = crews.get_mut(own) else { continue };
            let claimed = self.claim_crew(own, crew, event, misfit, next_job);
            if claimed {
                at_work.push(own);
                if crew.is_whole() {
                    continue;
                }
            } else if self.waits_for_crew(own, crew, event, misfit, lanes, tickets) {
                continue;
            } else {
                // What is left for its handlers must be found when they come back.
                crew.spread(lanes, tickets);
            }
            for seat in 0..crew.lanes().len() {
                let key = crew.lanes()[seat];
                let Some(lane) = lanes.get_mut(key).filter(|lane| !claimed || lane.is_away()) else {
                    continue;
                };
                if lane.state == State::Open && !(misfit && lane.manner.typed) {
                    let runner = lane.claim().or_else(|| crew.call_up(lane));
                    self.give(key, lane, event, runner, next_job, tickets);
                }
            }
        }
    }

    /// Puts the event on the tapes of its kind, and into the queues of those who do not ride.
    fn put_on_tapes(&mut self, order: &mut Order, kind: usize, event: &AnyEvent, misfit: bool) {
        let Order { routes, lanes, tapes, tickets, .. } = order;
        for own in routes.tapes(kind) {
            let Some(tape) = tapes.get_mut(own).filter(|tape| !(misfit && tape.typed)) else { continue };
            let riders = count(tape.record(event, lanes, &mut self.after));
            self.receipt.reached += riders;
            self.receipt.queued += riders;
            for key in tape.walkers() {
                let Some(lane) = lanes.get_mut(*key) else { continue };
                lane.counts.matched += 1;
                self.receipt.reached += 1;
                self.queue(*key, lane, event, tickets);
            }
        }
    }

    /// Claims a crew with all who are in their seats, if nobody has it.
    fn claim_crew(
        &mut self,
        own: Key,
        crew: &mut Crew,
        event: &AnyEvent,
        misfit: bool,
        next_job: &mut u64,
    ) -> bool {
        if self.nesting >= context::NESTING {
            return false;
        }
        let (job, waiter, thread) = (*next_job + 1, self.here, context::thread());
        let claimed = Claimed { job, batch: event.seq(), waiter, thread, ticket: None, spread: false };
        let Some(team) = crew.claim(claimed, misfit, || self.polls_on()) else { return false };
        *next_job += 1;
        self.receipt.reached += count(team.size);
        self.calls |= crew.is_sync();
        self.polls |= !crew.is_sync();
        self.leaves |= !crew.is_sync();
        self.shifts.push(Shift { crew: own, job: claimed.job, team });
        true
    }

    /// Claims a handler for the event, or leaves the event in the subscription's backlog.
    fn give(
        &mut self,
        key: Key,
        lane: &mut Lane,
        event: &AnyEvent,
        runner: Option<Runner>,
        next_job: &mut u64,
        tickets: &mut Slab<Ticket>,
    ) {
        lane.counts.matched += 1;
        self.receipt.reached += 1;
        match runner {
            Some(runner) => self.claim(key, lane, event.seq(), runner, next_job),
            None => self.queue(key, lane, event, tickets),
        }
    }

    fn claim(&mut self, key: Key, lane: &mut Lane, seq: u64, runner: Runner, next_job: &mut u64) {
        *next_job += 1;
        let job = *next_job;
        lane.running.push(Running::new(job, self.here, seq, self.tick));
        let sync = runner.is_sync();
        let in_place = self.nesting < context::NESTING && (sync || self.polls_for(lane));
        self.calls |= sync;
        self.polls |= in_place && !sync;
        self.leaves |= !(in_place && sync);
        if self.claims.capacity() == 0 {
            self.claims = claim::scratch();
        }
        self.claims.push(Claim {
            at: JobRef { lane: key, job },
            subscription: lane.id,
            runner: Some(runner),
            in_place,
            timed: lane.manner.timed,
            handled: None,
        });
    }

    /// The runtime on which this publish polls async handlers in place, if it does.
    fn polls_on(&self) -> Option<Id> {
        if self.mode == Mode::Send {
            return None;
        }
        *self.runtime.get_or_init(|| Handle::try_current().ok().map(|handle| handle.id()))
    }

    /// Whether this publish may poll an async handler of that subscription in place.
    fn polls_for(&self, lane: &Lane) -> bool {
        let here = self.polls_on();
        here.is_some() && lane.info.runtime.as_ref().map(Handle::id) == here
    }
}
