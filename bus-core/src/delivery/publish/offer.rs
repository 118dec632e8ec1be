//! Offering an event to every receiver that wants it, under the lock.

use std::sync::Arc;

use crate::delivery::context::NESTING;
use crate::delivery::deadlock::Graph;
use crate::delivery::group::{Claimed, Group, IdleClaim, IdleSets, Members, Phase};
use crate::delivery::outcome::Outcome;
use crate::delivery::prepare::Prepared;
use crate::delivery::publish::{Mode, Publish, outcome_of};
use crate::delivery::queue::{Pushed, Queued, Removed};
use crate::delivery::receipt::Problem;
use crate::delivery::routes::{ANY, Index, Target};
use crate::delivery::run::Claim;
use crate::delivery::slab::{Key, Slab};
use crate::delivery::state::{SharedRing, State};
use crate::delivery::subscription::{Life, Subscription};
use crate::delivery::task::Handler;
use crate::event::Stored;
use crate::sync::{Handle, Id, failpoint};

impl Publish<'_> {
    /// Hands the event to every receiver that wants it: rings, the groups of its kind, those of
    /// every kind, then what has a filter.
    #[inline]
    pub(super) fn offer_all(
        &mut self,
        state: &mut State,
        kind: usize,
        event: &Arc<Stored>,
        prepared: &Prepared,
    ) {
        let State { routes, groups, idle, subscriptions, rings, busy, graph, .. } = state;
        let (index, any) = (&routes.kind(kind).index, &routes.any);
        for key in index.rings() {
            self.offer_ring(*key, rings, subscriptions, event);
        }
        for key in any.rings() {
            self.offer_ring(*key, rings, subscriptions, event);
        }
        for index in [index, any] {
            for key in index.groups() {
                if let Some(group) = groups.get_mut(*key) {
                    self.offer(*key, group, event, false, graph);
                }
            }
        }
        for (at, index) in [(kind, index), (ANY, any)] {
            if index.has_handlers() && !self.claim_idle(at, idle, groups, event) {
                self.offer_handlers(at, index, groups, event, graph);
            }
        }
        if !(index.has_no_candidates() && any.has_no_candidates()) {
            self.offer_filtered([index, any], groups, subscriptions, event, prepared, graph);
        }
        *busy += self.begun;
    }

    /// Puts the event into a ring, for the readers that are attached to it, and into the queues of
    /// those that are not.
    #[inline(never)]
    fn offer_ring(
        &mut self,
        key: Key,
        rings: &mut Slab<SharedRing>,
        subscriptions: &mut Slab<Subscription>,
        event: &Arc<Stored>,
    ) {
        let Some(ring) = rings.get_mut(key).filter(|ring| !(self.untyped && ring.typed)) else { return };
        let attached = u32::try_from(ring.push(event, subscriptions, &mut self.effects)).unwrap_or(u32::MAX);
        self.receipt.reached += attached;
        self.receipt.queued += attached;
        for key in &ring.detached {
            if let Some(found) = subscriptions.get_mut(*key) {
                self.offer_stream(*key, found, event, false);
            }
        }
    }

    /// Claims all async handlers of an index at once, if they are idle and may be polled here.
    /// Otherwise each of them is found in its group.
    fn claim_idle(
        &mut self,
        index: usize,
        idle: &mut IdleSets,
        groups: &mut Slab<Group>,
        event: &Arc<Stored>,
    ) -> bool {
        if idle.is_empty() {
            return false;
        }
        let polls_on = if self.untyped { None } else { self.polls_on() };
        let claim = IdleClaim { job: event.head.seq(), thread: self.thread, since: self.tick };
        let Some(handlers) = idle.claim(index, polls_on, claim) else {
            self.begun += idle.split(index, groups);
            return false;
        };
        let count = u32::try_from(handlers.len()).unwrap_or(u32::MAX);
        self.receipt.reached += count;
        let more = self.more();
        more.in_place += count;
        more.sets.push((index, handlers));
        true
    }

    /// Claims the async handlers of an index one by one. If all of them are polled here and done at
    /// once, the next publish claims them together.
    fn offer_handlers(
        &mut self,
        at: usize,
        index: &Index,
        groups: &mut Slab<Group>,
        event: &Arc<Stored>,
        graph: &Graph,
    ) {
        let (reached, in_place) = (self.receipt.reached, self.more().in_place);
        for key in index.handlers() {
            if let Some(group) = groups.get_mut(key) {
                self.offer(key, group, event, false, graph);
            }
        }
        let (reached, more) = (self.receipt.reached - reached, self.more());
        if reached > 1 && more.in_place - in_place == reached {
            more.joins.push(at);
        }
    }

    /// Offers the event to every receiver whose filter lets it pass or is still to be asked.
    fn offer_filtered(
        &mut self,
        indexes: [&Index; 2],
        groups: &mut Slab<Group>,
        subscriptions: &mut Slab<Subscription>,
        event: &Arc<Stored>,
        prepared: &Prepared,
        graph: &Graph,
    ) {
        let shared = self.more.as_ref().map_or(0, |more| more.rest.len());
        let mut visit = |target| {
            let ask = match prepared.verdict(target) {
                Some(false) => return,
                Some(true) => false,
                None => true,
            };
            match target {
                Target::Group(key) => {
                    if let Some(group) = groups.get_mut(key) {
                        let ask = ask && group.asks;
                        self.offer(key, group, event, ask, graph);
                    }
                }
                Target::Stream(key) => {
                    if let Some(found) = subscriptions.get_mut(key) {
                        let ask = ask && !found.info.predicates.is_empty();
                        self.offer_stream(key, found, event, ask);
                    }
                }
            }
        };
        for index in indexes {
            index.candidates(&event.head.scope, &mut visit);
        }
        if self.more.as_ref().is_some_and(|more| more.rest.len() > shared) {
            self.sort_filtered(shared);
        }
    }

    /// Claims an idle group for the event, or puts the event into its queue.
    #[inline]
    fn offer(&mut self, key: Key, group: &mut Group, event: &Arc<Stored>, ask: bool, graph: &Graph) {
        if (self.untyped && group.typed) || group.live == 0 || group.closing {
            return;
        }
        group.youngest_mut().counts.matched += 1;
        self.receipt.reached += group.live;
        let claimed = if group.queue.is_empty() { group.claim() } else { None };
        self.begun += usize::from(claimed.is_some() && group.running.is_empty());
        match claimed {
            Some(Claimed::Sync(members)) => self.claim_sync(key, group, members, event, ask),
            Some(Claimed::Async(handler)) => self.claim_async(group, handler, event, ask),
            None => self.enqueue(key, group, event, ask, graph),
        }
    }

    #[inline]
    fn claim_sync(
        &mut self,
        key: Key,
        group: &mut Group,
        members: Box<Members>,
        event: &Arc<Stored>,
        ask: bool,
    ) {
        let in_place = self.nesting < NESTING;
        group.begin(event.head.seq(), self.thread, Phase::Active, self.tick);
        // A claim that does not end with this publish is pending.
        if !in_place && let Some(running) = group.running.last_mut() {
            let pending = self.pending.get_or_insert_default();
            running.unit = Some(pending.unit(Target::Group(key), running.live));
        }
        let (age, shared, members) = (group.age, group.alike.is_some(), Some(members));
        // Built where it stays, not moved there.
        let claim = move || Claim { group: key, age, shared, in_place, ask, rejected: false, members };
        match self.first {
            None => self.first = Some(claim()),
            Some(_) => self.more().rest.push(claim()),
        }
    }

    #[inline]
    fn claim_async(&mut self, group: &mut Group, mut handler: Box<Handler>, event: &Arc<Stored>, ask: bool) {
        let (job, polls_on) = (event.head.seq(), self.polls_on());
        let in_place = handler.claim(job, ask, polls_on);
        let more = self.more();
        more.in_place += u32::from(in_place);
        more.tasks.push(handler);
        // Until it is handed over, it cannot run before this thread goes on.
        let phase = if in_place { Phase::Active } else { Phase::Queued };
        group.begin(job, self.thread, phase, self.tick);
    }

    /// The runtime on which this publish polls async handlers in place, if it does.
    #[inline]
    fn polls_on(&mut self) -> Option<Id> {
        let polls = self.mode == Mode::Await && self.nesting < NESTING;
        let look = || Handle::try_current().ok().filter(|_| polls).map(|handle| handle.id());
        *self.more().polls_on.get_or_insert_with(look)
    }

    /// Puts the event into the queue of a group that is at work.
    #[inline(never)]
    fn enqueue(&mut self, key: Key, group: &mut Group, event: &Arc<Stored>, ask: bool, graph: &Graph) {
        let (cohort, live) = (group.cohort(), group.live);
        let queued = Queued {
            cohort,
            live,
            thread: self.thread,
            coalesce: self.coalesce,
            ask,
            ..Queued::new(Arc::clone(event), self.policy.critical)
        };
        while let Some((removed, why)) = group.queue.remove_for(&queued) {
            self.make_way(key, group, removed, why);
        }
        let pushed = group.queue.push(queued);
        if matches!(pushed, Pushed::In | Pushed::Over | Pushed::InFor(..)) {
            let pending = self.pending.get_or_insert_default();
            if let Some(last) = group.queue.last_mut() {
                last.unit = Some(pending.unit(Target::Group(key), live));
            }
            group.cohort_mut(cohort).queued += 1;
            if let Some(batch) = &mut group.batch {
                batch.queued(&group.queue, &mut self.effects);
            }
            let position = group.senders.push();
            // A thread that holds no claim waits for spare capacity; the holder of this one moves.
            let outside = self.mode == Mode::Send && self.nesting == 0;
            if matches!(pushed, Pushed::Over) && outside && group.is_sync() {
                let on_runtime = Handle::try_current().is_ok();
                // The holder may wait for the thread of a runtime that would block here.
                let waits = |node| graph.awaits_event(node) || (on_runtime && graph.waits(node));
                if !group.running.iter().all(|running| waits(running.node(key))) {
                    let signal = group.senders.wait(position, on_runtime);
                    self.more().signals.push(signal);
                }
            }
        }
        match pushed {
            Pushed::In | Pushed::Over => {}
            Pushed::InFor(removed, why) => self.make_way(key, group, removed, why),
            Pushed::Rejected(rejected) => self.more().lost.push((key, rejected, Outcome::Overflowed)),
            Pushed::CatchesUp(later) => {
                group.youngest_mut().counts.matched -= 1;
                self.receipt.reached -= live;
                self.effects.work().queued.push(later);
                self.more().leaving.push((Target::Group(key), event.head.seq()));
            }
            Pushed::Closes(rejected) => {
                self.more().lost.push((key, rejected, Outcome::Overflowed));
                self.more().closing.push(Target::Group(key));
            }
        }
    }

    /// Counts an event that was removed from the queue of a group for this one.
    fn make_way(&mut self, key: Key, group: &mut Group, removed: Queued, why: Removed) {
        group.cohort_mut(removed.cohort).queued -= 1;
        let capacity = group.queue.bounds().capacity;
        group.senders.pop(capacity, &mut self.effects);
        self.more().lost.push((key, removed, outcome_of(why)));
    }

    /// Puts the event into the queue of a stream.
    #[inline(never)]
    fn offer_stream(&mut self, key: Key, found: &mut Subscription, event: &Arc<Stored>, ask: bool) {
        let (info, life) = (Arc::clone(&found.info), found.life);
        let Some(stream) = found.stream_mut() else { return };
        if life != Life::Open || (self.untyped && info.is_typed()) {
            return;
        }
        stream.counts.matched += 1;
        self.receipt.reached += 1;
        let queued =
            Queued { coalesce: self.coalesce, ask, ..Queued::new(Arc::clone(event), self.policy.critical) };
        let pushed = stream.queue.push(queued);
        let woken = stream.waker.take().filter(|_| !failpoint("reader_unwoken"));
        if let (Some(_), Some(node)) = (&woken, stream.reader) {
            self.more().woken.push(node);
        }
        self.effects.wake(woken);
        // A filter that is still to be asked may reject the event.
        if stream.once && !ask {
            self.more().closing.push(Target::Stream(key));
        }
        let lost = match pushed {
            Pushed::In => {
                self.receipt.queued += 1;
                None
            }
            Pushed::Over if self.mode == Mode::Send => {
                self.receipt.queued += 1;
                None
            }
            Pushed::Over => {
                let pending = self.pending.get_or_insert_default();
                stream.waiting.push(pending.unit(Target::Stream(key), 1));
                None
            }
            Pushed::InFor(removed, why) => {
                self.receipt.queued += 1;
                Some((removed, outcome_of(why)))
            }
            Pushed::Rejected(rejected) => {
                self.receipt.problem(Problem::of(&info, Outcome::Overflowed));
                Some((rejected, Outcome::Overflowed))
            }
            Pushed::CatchesUp(later) => {
                stream.counts.matched -= 1;
                self.receipt.reached -= 1;
                self.effects.work().queued.push(later);
                self.more().leaving.push((Target::Stream(key), event.head.seq()));
                None
            }
            Pushed::Closes(rejected) => {
                self.receipt.problem(Problem::of(&info, Outcome::Overflowed));
                self.more().closing.push(Target::Stream(key));
                Some((rejected, Outcome::Overflowed))
            }
        };
        if let Some((lost, outcome)) = lost {
            self.effects.work().reports.extend(stream.lose(info, &outcome));
            self.effects.work().queued.push(lost);
        }
    }
}
