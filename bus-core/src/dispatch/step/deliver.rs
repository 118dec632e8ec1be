//! One event on its way through the subscriptions, under the order lock.

use std::cell::OnceCell;
use std::sync::Arc;

use crate::dispatch::Core;
use crate::dispatch::crew::Crew;
use crate::dispatch::crew::shift::Shift;
use crate::dispatch::few::Few;
use crate::dispatch::lane::queue::{Gone, Pushed, Queued};
use crate::dispatch::lane::{Lane, Running, State, Work};
use crate::dispatch::order::Order;
use crate::dispatch::run::after::After;
use crate::dispatch::run::claim::{self, Claim};
use crate::dispatch::run::context::{self, JobRef};
use crate::dispatch::run::place::Place;
use crate::dispatch::run::runner::{Outcome, Runner};
use crate::dispatch::slab::{Key, Slab};
use crate::dispatch::step::prepare::{Prepared, policy};
use crate::dispatch::step::publish::Mode;
use crate::dispatch::wait::receipt::{Own, Receipt, count};
use crate::dispatch::wait::ticket::{Settled, Ticket};
use crate::event::AnyEvent;
use crate::payload::Policy;
use crate::sync::{Handle, Id, Ordering, planted};

/// One publish on its way through the subscriptions.
pub(in crate::dispatch) struct Step<'a> {
    pub(in crate::dispatch) core: &'a Arc<Core>,
    pub(in crate::dispatch) mode: Mode,
    /// The handler that publishes.
    pub(in crate::dispatch) here: Option<JobRef>,
    pub(in crate::dispatch) policy: &'static Policy,
    nesting: u32,
    tick: u64,
    /// The runtime that this is called in, looked up when the first async handler asks.
    runtime: OnceCell<Option<Id>>,
    pub(in crate::dispatch) prepared: Prepared,
    pub(in crate::dispatch) receipt: Receipt,
    pub(in crate::dispatch) shifts: Few<Shift>,
    pub(in crate::dispatch) claims: Vec<Claim>,
    /// Whether sync handlers are among the claims.
    calls: bool,
    /// Whether async handlers are, to be polled in place.
    pub(in crate::dispatch) polls: bool,
    /// Whether some of what was claimed may have to be handed over.
    pub(in crate::dispatch) leaves: bool,
    /// The place for those, taken in the step already unless sync handlers come first: they must not hold one.
    pub(in crate::dispatch) place: Place,
    pub(in crate::dispatch) ticket: Option<Key>,
    /// Sync subscriptions that are over their capacity.
    pub(in crate::dispatch) full: Few<Key>,
    closing: Few<Key>,
    /// Handlers that waited for this event.
    woken: Few<JobRef>,
    pub(in crate::dispatch) after: After,
    /// What history let go of for this event.
    pub(in crate::dispatch) gone: Option<AnyEvent>,
    /// What became of the claims that did not end well, in their order.
    pub(in crate::dispatch) troubles: Vec<(JobRef, Outcome)>,
}

impl<'a> Step<'a> {
    #[inline]
    pub(in crate::dispatch) fn new(core: &'a Arc<Core>, event: &AnyEvent, mode: Mode) -> Self {
        let policy = policy(event.kind_ref());
        Self {
            core,
            mode,
            here: context::current(core),
            policy,
            nesting: context::nesting(),
            tick: core.ticks.load(Ordering::Relaxed),
            runtime: OnceCell::new(),
            prepared: Prepared::of(event, policy),
            receipt: Receipt::default(),
            shifts: Few::default(),
            claims: Vec::new(),
            calls: false,
            polls: false,
            leaves: false,
            place: Place::None,
            ticket: None,
            full: Few::default(),
            closing: Few::default(),
            woken: Few::default(),
            after: After::default(),
            gone: None,
            troubles: Vec::new(),
        }
    }

    /// Whether the publish has handlers to run.
    #[inline]
    pub(in crate::dispatch) fn is_claimed(&self) -> bool {
        !(self.shifts.is_empty() && self.claims.is_empty())
    }

    /// Whether anybody gets the event: a subscription, or the table of open pairs.
    pub(in crate::dispatch) fn is_wanted(&self) -> bool {
        self.receipt.reached > 0 || self.prepared.is_paired()
    }

    /// Puts the event where it can be asked for later, and gives it back where it is still needed.
    #[inline]
    pub(in crate::dispatch) fn keep(
        &mut self,
        order: &mut Order,
        kind: usize,
        event: AnyEvent,
    ) -> Option<AnyEvent> {
        let transient = self.policy.transient;
        let kept = order.history.keeps(transient);
        if !(kept || self.is_wanted()) {
            order.totals.unobserved += 1;
            return Some(event);
        }
        order.next_seq += 1;
        order.totals.published += 1;
        order.routes.kind_mut(kind).published += 1;
        let head = event.head();
        let seq = head.seq();
        self.receipt.place(Own { run: head.run, seq }, head.kept_id());
        if let Some(pairs) = self.prepared.take_pairs() {
            let released = order.pairs.note(pairs, &event);
            if !released.is_empty() {
                self.after.rare().events.extend(released);
            }
        }
        if !kept {
            order.history.skip(seq, transient);
            return Some(event);
        }
        let (event, needed) = if self.is_claimed() { (event.clone(), Some(event)) } else { (event, None) };
        self.gone = order.history.push(kind, event, transient);
        needed
    }

    /// Hands the event to every subscription that wants it.
    #[inline]
    pub(in crate::dispatch) fn deliver(&mut self, order: &mut Order, kind: usize, event: &AnyEvent) {
        let misfit = event.body().payload().is_none();
        self.record(order, kind, event, misfit);
        let Order { routes, lanes, crews, at_work, tickets, next_job, .. } = order;
        for own in routes.crews(kind) {
            let Some(crew) = crews.get_mut(own) else { continue };
            let whole = self.claim_crew(own, crew, event, misfit, next_job);
            if whole {
                at_work.push(own);
                if crew.is_whole() {
                    continue;
                }
            }
            // One by one: all of them, or those that somebody else had.
            crew.spread_for_others(whole, lanes);
            for seat in 0..crew.lanes().len() {
                let key = crew.lanes()[seat];
                let Some(lane) = lanes.get_mut(key).filter(|lane| !whole || lane.is_away()) else { continue };
                if lane.state == State::Open && !(misfit && lane.manner.typed) {
                    let runner = lane.claim().or_else(|| crew.call_up(lane));
                    self.give(key, lane, event, runner, next_job, tickets);
                }
            }
        }
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

    /// Puts the event on the tapes of its kind, and into the queues of those who do not ride.
    fn record(&mut self, order: &mut Order, kind: usize, event: &AnyEvent, misfit: bool) {
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
        let Some(mut shift) = crew.claim(own, misfit, || self.polls_on()) else { return false };
        *next_job += 1;
        shift.job = *next_job;
        crew.note_claim(shift.job, event.seq(), self.here);
        self.receipt.reached += crate::dispatch::wait::receipt::count(shift.team.size);
        self.calls |= crew.is_sync();
        self.polls |= !crew.is_sync();
        self.leaves |= !crew.is_sync();
        self.shifts.push(shift);
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

    /// Puts the event into a subscription's backlog. Not inlined: the way of a claim, which is taken once for each idle handler, stays short.
    #[inline(never)]
    fn queue(&mut self, key: Key, lane: &mut Lane, event: &AnyEvent, tickets: &mut Slab<Ticket>) {
        let pull = matches!(lane.work, Work::Pull { .. });
        let ticket = if pull {
            None
        } else {
            Some(*self.ticket.get_or_insert_with(|| tickets.insert(Ticket::default())))
        };
        let queued = Queued {
            event: event.clone(),
            gap: None,
            ticket,
            coalesce: self.prepared.coalesce,
            critical: self.policy.critical,
            replay: false,
        };
        let pushed = lane.backlog.push(queued);
        if let Work::Pull { waker, once, reader, .. } = &mut lane.work {
            let woken = waker.take().filter(|_| !planted("reader_unwoken"));
            self.woken.extend(woken.as_ref().and(*reader));
            self.after.wakers.extend(woken);
            self.closing.extend(once.then_some(key));
        }
        let is_in = matches!(pushed, Pushed::In | Pushed::Over | Pushed::InFor(..));
        match (is_in, ticket) {
            (true, Some(ticket)) => {
                tickets.get_mut(ticket).into_iter().for_each(|ticket| ticket.pending.push(key));
            }
            (true, None) if !matches!(pushed, Pushed::Over) => self.receipt.queued += 1,
            _ => {}
        }
        match pushed {
            Pushed::In => {}
            Pushed::Over if pull => self.wait_for_reader(key, lane, tickets),
            Pushed::Over => self.full.extend(lane.is_sync().then_some(key)),
            Pushed::InFor(gone, why) => self.replace(key, lane, tickets, gone, why),
            Pushed::Refused(refused) => self.overflow(lane, refused),
            Pushed::Closes(refused) => {
                self.closing.push(key);
                self.overflow(lane, refused);
            }
        }
    }

    /// An awaited emit returns when the stream's queue is under its capacity again.
    fn wait_for_reader(&mut self, key: Key, lane: &mut Lane, tickets: &mut Slab<Ticket>) {
        if self.mode == Mode::Send {
            self.receipt.queued += 1;
            return;
        }
        let ticket = *self.ticket.get_or_insert_with(|| tickets.insert(Ticket::default()));
        lane.room.push(ticket);
        tickets.get_mut(ticket).into_iter().for_each(|ticket| ticket.pending.push(key));
    }

    fn replace(&mut self, key: Key, lane: &mut Lane, tickets: &mut Slab<Ticket>, gone: Queued, why: Gone) {
        let outcome = if why == Gone::Coalesced { Outcome::Coalesced } else { Outcome::Overflowed };
        lane.counts.note(&outcome);
        if let Some(ticket) = gone.ticket.and_then(|ticket| tickets.get_mut(ticket)) {
            let settled = Settled::Done(lane.info.id, &lane.info.name, &outcome);
            self.after.wakers.extend(ticket.settle(key, &settled));
        }
        self.after.rare().queued.push(gone);
    }

    fn overflow(&mut self, lane: &mut Lane, refused: Queued) {
        lane.counts.note(&Outcome::Overflowed);
        self.receipt.note(&Settled::Done(lane.info.id, &lane.info.name, &Outcome::Overflowed));
        self.after.rare().queued.push(refused);
    }

    /// Ends the subscriptions that this event ended, and defers what an awaited emit could wait for in vain.
    #[inline]
    pub(in crate::dispatch) fn finish(&mut self, order: &mut Order) {
        if !(self.closing.is_empty() && self.woken.is_empty() && self.ticket.is_none()) {
            self.finish_rest(order);
        }
    }

    #[inline(never)]
    fn finish_rest(&mut self, order: &mut Order) {
        std::mem::take(&mut self.closing).for_each(|lane| order.close_lane(lane, &mut self.after));
        std::mem::take(&mut self.woken).for_each(|job| order.event_came(job));
        let Some(ticket) = self.ticket else { return };
        if self.mode == Mode::Await {
            order.note_waiter(ticket, self.here);
            order.defer_stuck(ticket, self.here, &mut self.after);
        }
    }
}
