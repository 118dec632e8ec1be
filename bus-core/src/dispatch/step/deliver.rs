//! One event on its way through the subscriptions, under the order lock.

use std::cell::OnceCell;

use crate::dispatch::Core;
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
use crate::dispatch::wait::receipt::Receipt;
use crate::dispatch::wait::ticket::{Settled, Ticket};
use crate::event::AnyEvent;
use crate::payload::Policy;
use crate::sync::{Handle, Id, Ordering, planted};

/// One publish on its way through the subscriptions.
pub(in crate::dispatch) struct Step<'a> {
    pub(in crate::dispatch) event: &'a AnyEvent,
    mode: Mode,
    /// The handler that publishes.
    pub(in crate::dispatch) here: Option<JobRef>,
    pub(in crate::dispatch) policy: Policy,
    nesting: usize,
    tick: u64,
    /// The runtime that this is called in, looked up when the first async handler asks.
    runtime: OnceCell<Option<Id>>,
    pub(in crate::dispatch) prepared: Prepared,
    pub(in crate::dispatch) receipt: Receipt,
    pub(in crate::dispatch) claims: Vec<Claim>,
    /// Whether sync handlers are among the claims.
    calls: bool,
    /// Whether async handlers are, to be polled in place.
    polls: bool,
    /// The place for those, taken in the step already unless sync handlers come first: they must not hold one.
    pub(in crate::dispatch) place: Place,
    pub(in crate::dispatch) ticket: Option<Key>,
    /// Sync subscriptions that are over their capacity.
    pub(in crate::dispatch) full: Vec<Key>,
    closing: Vec<Key>,
    /// Handlers that waited for this event.
    woken: Vec<JobRef>,
    pub(in crate::dispatch) after: After,
}

impl<'a> Step<'a> {
    pub(in crate::dispatch) fn new(core: &Core, event: &'a AnyEvent, mode: Mode) -> Self {
        Self {
            event,
            mode,
            here: context::current(core),
            policy: policy(event),
            nesting: context::nesting(),
            tick: core.ticks.load(Ordering::Relaxed),
            runtime: OnceCell::new(),
            prepared: Prepared::of(event),
            receipt: Receipt::default(),
            claims: claim::scratch(),
            calls: false,
            polls: false,
            place: Place::None,
            ticket: None,
            full: Vec::new(),
            closing: Vec::new(),
            woken: Vec::new(),
            after: After::default(),
        }
    }

    /// Whether anybody gets the event: a subscription, or the table of open pairs.
    pub(in crate::dispatch) fn is_wanted(&self) -> bool {
        self.receipt.reached > 0 || self.prepared.pairs.as_ref().is_some_and(|pairs| !pairs.is_empty())
    }

    /// Puts the event where it can be asked for later.
    pub(in crate::dispatch) fn keep(&mut self, order: &mut Order, kind: usize, kept: bool) {
        let (event, seq) = (self.event, self.event.seq());
        self.receipt.id = Some(event.id());
        self.receipt.seq = Some(seq);
        if kept {
            self.after.events.extend(order.history.push(kind, event.clone(), self.policy.transient));
        } else {
            order.history.skip(seq, self.policy.transient);
        }
        if let Some(pairs) = self.prepared.pairs.take() {
            self.after.events.extend(order.pairs.note(pairs, event));
        }
    }

    /// Hands the event to every subscription that wants it.
    pub(in crate::dispatch) fn deliver(&mut self, order: &mut Order, kind: usize) {
        let misfit = self.event.body().payload().is_none();
        let Order { routes, lanes, tickets, next_job, .. } = order;
        routes.candidates(kind, self.event.scope(), |key| {
            let Some(lane) = lanes.get_mut(key) else { return };
            // A typed subscription cannot hold a payload that does not fit its type.
            let unfit = misfit && lane.manner.typed;
            let unwanted = lane.manner.asks && self.prepared.verdict(key) != Some(true);
            if lane.state != State::Open || unfit || unwanted {
                return;
            }
            lane.counts.matched += 1;
            self.receipt.reached += 1;
            match lane.claim() {
                Some(runner) => self.claim(key, lane, runner, next_job),
                None => self.queue(key, lane, tickets),
            }
        });
        if self.polls && !self.calls && order.places.try_take() {
            self.place = Place::Held;
        }
    }

    fn claim(&mut self, key: Key, lane: &mut Lane, runner: Runner, next_job: &mut u64) {
        *next_job += 1;
        let job = *next_job;
        lane.running.push(Running::new(job, self.here, self.event.seq(), self.tick));
        let sync = runner.is_sync();
        let in_place = self.nesting < context::NESTING && (sync || self.polls_for(lane));
        self.calls |= sync;
        self.polls |= in_place && !sync;
        self.claims.push(Claim {
            at: JobRef { lane: key, job },
            subscription: lane.id,
            runner: Some(runner),
            in_place,
            timed: lane.manner.timed,
            handled: None,
        });
    }

    /// Whether this publish may poll an async handler of that subscription in place.
    fn polls_for(&self, lane: &Lane) -> bool {
        if self.mode == Mode::Send {
            return false;
        }
        let here = *self.runtime.get_or_init(|| Handle::try_current().ok().map(|handle| handle.id()));
        here.is_some() && lane.info.runtime.as_ref().map(Handle::id) == here
    }

    /// Puts the event into a subscription's backlog. Not inlined: the way of a claim, which is taken once for each idle handler, stays short.
    #[inline(never)]
    fn queue(&mut self, key: Key, lane: &mut Lane, tickets: &mut Slab<Ticket>) {
        let pull = matches!(lane.work, Work::Pull { .. });
        let ticket = if pull {
            None
        } else {
            Some(*self.ticket.get_or_insert_with(|| tickets.insert(Ticket::default())))
        };
        let event = self.event.clone();
        let queued = Queued {
            event,
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
    pub(in crate::dispatch) fn finish(&mut self, order: &mut Order) {
        for lane in std::mem::take(&mut self.closing) {
            order.close_lane(lane);
        }
        for job in std::mem::take(&mut self.woken) {
            order.event_came(job);
        }
        let Some(ticket) = self.ticket else { return };
        if self.mode == Mode::Await {
            order.note_waiter(ticket, self.here);
            order.defer_stuck(ticket, self.here, &mut self.after);
        }
    }
}
