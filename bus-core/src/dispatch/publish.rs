//! The publish step: everything about an event that happens before anybody's code runs.

use std::sync::Arc;

use tokio::runtime::{Handle, Id};

use super::after::After;
use super::claim::{Batch, Claim};
use super::context::{self, JobRef};
use super::lane::{Lane, LaneInfo, Predicate, Running, State, Work};
use super::order::Order;
use super::pairs::{Ends, PairWork};
use super::queue::{Gone, Pushed, Queued};
use super::route::Kinds;
use super::runner::{Outcome, Runner};
use super::slab::Key;
use super::ticket::{Settled, Ticket};
use super::{Core, guarded};
use crate::emit::Receipt;
use crate::error::Refused;
use crate::event::{AnyEvent, KindRef};
use crate::scope::{hash_text, mix};
use crate::sync::Ordering;

/// Whether the publisher waits for the handlers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Await,
    Send,
}

/// What a publish gave so far: the receipt of what is done, and the ticket of what is not.
pub(crate) struct Published {
    pub(crate) receipt: Receipt,
    pub(crate) ticket: Option<Key>,
}

/// What is worked out before the lock, because it runs the user's code.
#[derive(Default)]
struct Prepared {
    coalesce: u64,
    pairs: Option<PairWork>,
    /// Which subscriptions with a predicate want the event.
    verdicts: Vec<(Key, bool)>,
}

/// What must be worked out before the step can be taken.
enum Missing {
    Pairs(Vec<Ends>),
    Verdicts(Vec<(Key, Arc<LaneInfo>)>),
}

/// One publish on its way through the subscriptions.
struct Step<'a> {
    event: &'a AnyEvent,
    mode: Mode,
    here: Option<(JobRef, bool)>,
    nesting: usize,
    tick: u64,
    critical: bool,
    runtime: Option<Option<Id>>,
    prepared: Prepared,
    batch: u64,
    receipt: Receipt,
    claims: Vec<Claim>,
    ticket: Option<Key>,
    full: Vec<Key>,
    closing: Vec<Key>,
    after: After,
}

impl Core {
    /// Publishes an event: stamps it, keeps it, and hands it to every subscription that wants it, in one step. Then runs what the step claimed.
    pub(crate) fn publish(self: &Arc<Self>, event: AnyEvent, mode: Mode) -> Published {
        let mut step = match self.take_step(&event, mode) {
            Ok(step) => step,
            Err(refused) => return self.refuse(event.kind(), refused),
        };
        std::mem::take(&mut step.after).run(self);
        let Step { receipt, claims, ticket, full, here, .. } = step;
        let mut batch = Batch { core: self, mode, here: here.map(|(job, _)| job), receipt, ticket };
        if claims.is_empty() {
            guarded(|| drop(event));
        } else {
            batch.run(event, claims);
        }
        if mode == Mode::Send && context::nesting() == 0 {
            full.into_iter().for_each(|lane| self.wait_for_room(lane));
        }
        Published { receipt: batch.receipt, ticket: batch.ticket }
    }

    fn take_step<'a>(&self, event: &'a AnyEvent, mode: Mode) -> Result<Step<'a>, Refused> {
        let here = context::current(self);
        let policy = policy(event);
        let mut prepared = Prepared { coalesce: coalesce_key(event), ..Prepared::default() };
        let mut order = self.lock();
        let kind = loop {
            if order.closed {
                return Err(Refused::Closed);
            }
            let Some(kind) = order.routes.place_of(event.kind_ref()) else {
                drop(order);
                self.declare_kind(event.kind_ref())?;
                order = self.lock();
                continue;
            };
            let Some(missing) = order.missing(kind, event, &prepared) else { break kind };
            drop(order);
            prepared.complete(event, missing);
            order = self.lock();
        };
        let seq = order.next_seq;
        event.head().stamp(seq);
        let tick = self.ticks.load(Ordering::Relaxed);
        let mut step = Step::new(event, mode, here, tick, prepared);
        step.critical = policy.critical;
        step.batch = seq;
        step.deliver(&mut order, kind);
        let kept = order.history.keeps(policy.transient);
        if kept {
            step.after.events.extend(order.history.push(event.clone(), policy.transient));
        }
        if kept || step.receipt.reached > 0 {
            if !kept {
                order.history.skip(seq, policy.transient);
            }
            order.next_seq += 1;
            order.totals.published += 1;
            order.routes.kind_mut(kind).published += 1;
            step.receipt.id = Some(event.id());
            step.receipt.seq = Some(seq);
        } else {
            order.totals.unobserved += 1;
        }
        if let Some(pairs) = step.prepared.pairs.take() {
            step.after.events.extend(order.pairs.note(pairs, event));
        }
        step.finish(&mut order);
        drop(order);
        Ok(step)
    }

    /// Makes the first event of its kind known to the catalogue.
    fn declare_kind(&self, kind: KindRef<'_>) -> Result<(), Refused> {
        match kind {
            KindRef::Declared(descriptor) => self.declare(descriptor).map_err(Refused::DuplicateKind),
            KindRef::Open(_) => Ok(()),
        }
    }

    /// Blocks this thread, which is outside any handler, until a sync subscription has room. Another thread runs its handler.
    fn wait_for_room(&self, lane: Key) {
        let mut order = self.lock();
        order.blocked += 1;
        while order.lanes.get(lane).is_some_and(|lane| {
            lane.state != State::Ended && !lane.running.is_empty() && lane.backlog.is_full()
        }) {
            order = self.room.wait(order);
        }
        order.blocked -= 1;
    }
}

fn policy(event: &AnyEvent) -> crate::payload::Policy {
    match event.kind_ref() {
        KindRef::Declared(descriptor) => descriptor.policy,
        KindRef::Open(_) => crate::payload::Policy::default(),
    }
}

/// Equal for events that may replace each other in a queue; 0 for those that may not.
fn coalesce_key(event: &AnyEvent) -> u64 {
    let (Some(fields), Some(payload)) = (policy(event).coalesce, event.body().payload()) else { return 0 };
    let place = mix(hash_text(event.kind()), event.scope().place_hash());
    let key = if fields.is_empty() { place } else { mix(place, crate::scope::hash_of(&payload.key(fields))) };
    key.max(1)
}

impl Order {
    /// What must be worked out before an event of this kind can be published.
    fn missing(&self, kind: usize, event: &AnyEvent, prepared: &Prepared) -> Option<Missing> {
        let ends = &self.routes.kind(kind).ends;
        let begins =
            matches!(event.kind_ref(), KindRef::Declared(descriptor) if !descriptor.ends_with.is_empty());
        if prepared.pairs.is_none() && (begins || !ends.is_empty()) {
            return Some(Missing::Pairs(ends.clone()));
        }
        if self.predicates == 0 {
            return None;
        }
        let mut unasked = Vec::new();
        self.routes.candidates(kind, event.scope(), |key| {
            let Some(lane) = self.lanes.get(key) else { return };
            if !lane.info.predicates.is_empty() && prepared.verdict(key).is_none() {
                unasked.push((key, Arc::clone(&lane.info)));
            }
        });
        if unasked.is_empty() { None } else { Some(Missing::Verdicts(unasked)) }
    }
}

impl Prepared {
    fn complete(&mut self, event: &AnyEvent, missing: Missing) {
        match missing {
            Missing::Pairs(ends) => guarded(|| self.pairs = Some(PairWork::of(event, &ends))),
            Missing::Verdicts(lanes) => {
                let judged = lanes.into_iter().map(|(key, info)| (key, wants(&info.predicates, event)));
                self.verdicts.extend(judged);
            }
        }
        // A field whose code panics takes part in no pair.
        self.pairs.get_or_insert_default();
    }

    fn verdict(&self, lane: Key) -> Option<bool> {
        self.verdicts.iter().find(|(key, _)| *key == lane).map(|(_, wanted)| *wanted)
    }
}

/// Whether the user's predicates let an event pass. One that panics does not.
pub(crate) fn wants(predicates: &[Predicate], event: &AnyEvent) -> bool {
    let mut wanted = false;
    guarded(|| wanted = predicates.iter().all(|predicate| predicate(event)));
    wanted
}

impl<'a> Step<'a> {
    fn new(
        event: &'a AnyEvent,
        mode: Mode,
        here: Option<(JobRef, bool)>,
        tick: u64,
        prepared: Prepared,
    ) -> Self {
        Self {
            event,
            mode,
            here,
            nesting: context::nesting(),
            tick,
            critical: false,
            runtime: None,
            prepared,
            batch: 0,
            receipt: Receipt::default(),
            claims: Vec::new(),
            ticket: None,
            full: Vec::new(),
            closing: Vec::new(),
            after: After::default(),
        }
    }

    /// Hands the event to every subscription that wants it.
    fn deliver(&mut self, order: &mut Order, kind: usize) {
        let misfit = self.event.body().payload().is_none();
        let Order { routes, lanes, tickets, next_job, .. } = order;
        routes.candidates(kind, self.event.scope(), |key| {
            let Some(lane) = lanes.get_mut(key) else { return };
            // A typed subscription cannot hold a payload that does not fit its type.
            let unfit = misfit && matches!(lane.info.kinds, Kinds::Declared(_));
            let unwanted = !lane.info.predicates.is_empty() && self.prepared.verdict(key) != Some(true);
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
    }

    fn claim(&mut self, key: Key, lane: &mut Lane, runner: Runner, next_job: &mut u64) {
        *next_job += 1;
        let job = *next_job;
        let waiter = self.here.map(|(job, _)| job);
        lane.running.push(Running {
            job,
            waiter,
            ticket: None,
            batch: self.batch,
            awaits_event: false,
            since: self.tick,
        });
        let in_place = self.nesting < context::NESTING && (lane.is_sync() || self.polls_for(lane));
        let at = JobRef { lane: key, job };
        self.claims.push(Claim {
            at,
            subscription: lane.info.id,
            runner,
            in_place,
            timed: lane.info.timeout.is_some(),
        });
    }

    /// Whether this publish may poll an async handler of that subscription in place.
    fn polls_for(&mut self, lane: &Lane) -> bool {
        if self.mode == Mode::Send {
            return false;
        }
        let here = *self.runtime.get_or_insert_with(|| Handle::try_current().ok().map(|handle| handle.id()));
        here.is_some() && lane.info.runtime.as_ref().map(Handle::id) == here
    }

    fn queue(&mut self, key: Key, lane: &mut Lane, tickets: &mut super::Slab<Ticket>) {
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
            critical: self.critical,
            replay: false,
        };
        let pushed = lane.backlog.push(queued);
        if let Work::Pull { waker, once, .. } = &mut lane.work {
            self.after.wakers.extend(waker.take());
            self.closing.extend(once.then_some(key));
        }
        let is_in = matches!(pushed, Pushed::In | Pushed::Over | Pushed::InFor(..));
        match (is_in, ticket) {
            (true, Some(ticket)) => {
                tickets.get_mut(ticket).into_iter().for_each(|ticket| ticket.pending.push(key))
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
    fn wait_for_reader(&mut self, key: Key, lane: &mut Lane, tickets: &mut super::Slab<Ticket>) {
        if self.mode == Mode::Send {
            self.receipt.queued += 1;
            return;
        }
        let ticket = *self.ticket.get_or_insert_with(|| tickets.insert(Ticket::default()));
        lane.room.push(ticket);
        tickets.get_mut(ticket).into_iter().for_each(|ticket| ticket.pending.push(key));
    }

    fn replace(
        &mut self,
        key: Key,
        lane: &mut Lane,
        tickets: &mut super::Slab<Ticket>,
        gone: Queued,
        why: Gone,
    ) {
        let outcome = if why == Gone::Coalesced { Outcome::Coalesced } else { Outcome::Overflowed };
        lane.counts.note(&outcome);
        if let Some(ticket) = gone.ticket.and_then(|ticket| tickets.get_mut(ticket)) {
            let settled = Settled::Done(lane.info.id, &lane.info.name, &outcome);
            self.after.wakers.extend(ticket.settle(key, &settled));
        }
        self.after.queued.push(gone);
    }

    fn overflow(&mut self, lane: &mut Lane, refused: Queued) {
        lane.counts.note(&Outcome::Overflowed);
        self.receipt.note(&Settled::Done(lane.info.id, &lane.info.name, &Outcome::Overflowed));
        self.after.queued.push(refused);
    }

    /// Ends the subscriptions that this event ended, and defers what an awaited emit could wait for in vain.
    fn finish(&mut self, order: &mut Order) {
        for lane in std::mem::take(&mut self.closing) {
            order.close_lane(lane);
        }
        let Some(ticket) = self.ticket else { return };
        if self.mode == Mode::Await {
            if let Some(found) = order.tickets.get_mut(ticket) {
                found.waiter = self.here.map(|(job, _)| job);
            }
            order.defer_stuck(ticket, self.here, &mut self.after);
        }
    }
}
