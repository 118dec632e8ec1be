//! Offering an event to every receiver that wants it, under the lock.

use std::sync::Arc;

use crate::delivery::context::NESTING;
use crate::delivery::effects::Report;
use crate::delivery::group::{Claimed, Group, Phase, Running};
use crate::delivery::outcome::Outcome;
use crate::delivery::permits::Permit;
use crate::delivery::prepare::Prepared;
use crate::delivery::publish::{Mode, Publish, outcome_of};
use crate::delivery::queue::{Pushed, Queued};
use crate::delivery::receipt::Problem;
use crate::delivery::routes::Target;
use crate::delivery::run::Claim;
use crate::delivery::slab::{Key, Slab};
use crate::delivery::state::{SharedRing, State};
use crate::delivery::subscription::{Life, Subscription};
use crate::event::Stored;
use crate::sync::{Handle, failpoint};

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
        let State { routes, groups, subscriptions, rings, next_job, busy, graph, permits, .. } = state;
        let (index, any) = (&routes.kind(kind).index, &routes.any);
        for key in index.rings() {
            self.offer_ring(*key, rings, subscriptions, event, prepared);
        }
        for key in any.rings() {
            self.offer_ring(*key, rings, subscriptions, event, prepared);
        }
        for index in [index, any] {
            for key in index.groups() {
                if let Some(group) = groups.get_mut(*key) {
                    self.offer(*key, group, event, prepared, false, next_job, busy, graph);
                }
            }
        }
        if !(index.has_no_candidates() && any.has_no_candidates()) {
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
                            self.offer(key, group, event, prepared, ask, next_job, busy, graph);
                        }
                    }
                    Target::Stream(key) => {
                        if let Some(found) = subscriptions.get_mut(key) {
                            let ask = ask && !found.info.predicates.is_empty();
                            self.offer_stream(key, found, event, prepared, ask);
                        }
                    }
                }
            };
            index.candidates(&event.head.scope, &mut visit);
            any.candidates(&event.head.scope, &mut visit);
            if self.more.as_ref().is_some_and(|more| more.rest.len() > shared) {
                self.sort_filtered(shared);
            }
        }
        if let (None, Some(more)) = (&self.first, &mut self.more)
            && more.tasks.iter().any(|claim| claim.in_place)
            && permits.try_take()
        {
            more.permit = Permit::Held;
        }
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
        prepared: &Prepared,
    ) {
        let Some(ring) = rings.get_mut(key).filter(|ring| !(self.untyped && ring.typed)) else { return };
        let attached = u32::try_from(ring.push(event, subscriptions, &mut self.effects)).unwrap_or(u32::MAX);
        self.receipt.reached += attached;
        self.receipt.queued += attached;
        for key in &ring.detached {
            if let Some(found) = subscriptions.get_mut(*key) {
                self.offer_stream(*key, found, event, prepared, false);
            }
        }
    }

    /// Claims an idle group for the event, or puts the event into its queue.
    #[inline]
    #[expect(clippy::too_many_arguments, reason = "the parts of the state, borrowed one by one")]
    fn offer(
        &mut self,
        key: Key,
        group: &mut Group,
        event: &Arc<Stored>,
        prepared: &Prepared,
        ask: bool,
        next_job: &mut u64,
        busy: &mut usize,
        graph: &crate::delivery::deadlock::Graph,
    ) {
        if (self.untyped && group.typed) || group.live == 0 || group.closing {
            return;
        }
        let (cohort, live) = (group.cohort(), group.live);
        group.youngest_mut().counts.matched += 1;
        self.receipt.reached += live;
        let claimed = if group.queue.is_empty() { group.claim() } else { None };
        let Some(claimed) = claimed else {
            return self.enqueue(key, group, event, prepared, ask, graph);
        };
        *next_job += 1;
        *busy += usize::from(group.running.is_empty());
        let sync = matches!(claimed, Claimed::Sync(_));
        let in_place = self.nesting < NESTING && (sync || self.polls(&claimed));
        let job = *next_job;
        // Built in its slot: `push` would move it there, which takes longer than all the rest.
        group.running.extend(std::iter::once_with(|| Running {
            job,
            cohort,
            live,
            seq: event.head.seq(),
            // Until it is handed over, also an async handler cannot run before this thread goes on.
            thread: self.thread,
            phase: if in_place || sync { Phase::Active } else { Phase::Queued },
            since: self.tick,
            unit: None,
        }));
        if sync && !in_place {
            self.promise(key, group, job);
        }
        let (age, shared) = (group.age, group.alike.is_some());
        // Built where it stays, not moved there.
        let claim = move || Claim {
            group: key,
            job,
            age,
            shared,
            in_place,
            ask,
            rejected: false,
            claimed: Some(claimed),
        };
        if !sync {
            self.more().tasks.push(claim());
        } else if self.first.is_none() {
            self.first = Some(claim());
        } else {
            self.more().rest.push(claim());
        }
    }

    /// Gives a claim that does not end with this publish a unit of what is pending.
    fn promise(&mut self, key: Key, group: &mut Group, job: u64) {
        let pending = self.pending.get_or_insert_default();
        if let Some(running) = group.running.iter_mut().find(|running| running.job == job) {
            running.unit = Some(pending.unit(Target::Group(key), running.live));
        }
    }

    /// Whether this publish may poll a handler in place.
    fn polls(&mut self, claimed: &Claimed) -> bool {
        let Claimed::Async(handler) = claimed else { return false };
        if self.mode == Mode::Send {
            return false;
        }
        let look = || Handle::try_current().ok().map(|handle| handle.id());
        let here = *self.more().runtime.get_or_insert_with(look);
        here.is_some() && handler.info.runtime.as_ref().map(Handle::id) == here
    }

    /// Puts the event into the queue of a group that is at work.
    #[inline(never)]
    fn enqueue(
        &mut self,
        key: Key,
        group: &mut Group,
        event: &Arc<Stored>,
        prepared: &Prepared,
        ask: bool,
        graph: &crate::delivery::deadlock::Graph,
    ) {
        let (cohort, live) = (group.cohort(), group.live);
        let queued = Queued {
            cohort,
            live,
            thread: self.thread,
            coalesce: prepared.coalesce,
            ask,
            ..Queued::new(Arc::clone(event), self.policy.critical)
        };
        let pushed = group.queue.push(queued);
        if matches!(pushed, Pushed::In | Pushed::Over | Pushed::InFor(..)) {
            let pending = self.pending.get_or_insert_default();
            if let Some(last) = group.queue.last_mut() {
                last.unit = Some(pending.unit(Target::Group(key), live));
            }
            group.cohort_mut(cohort).queued += 1;
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
            Pushed::InFor(removed, why) => {
                group.cohort_mut(removed.cohort).queued -= 1;
                let capacity = group.queue.bounds().capacity;
                group.senders.pop(capacity, &mut self.effects);
                self.more().lost.push((key, removed, outcome_of(why)));
            }
            Pushed::Rejected(rejected) => self.more().lost.push((key, rejected, Outcome::Overflowed)),
            Pushed::Closes(rejected) => {
                self.more().lost.push((key, rejected, Outcome::Overflowed));
                self.more().closing.push(Target::Group(key));
            }
        }
    }

    /// Puts the event into the queue of a stream.
    #[inline(never)]
    fn offer_stream(
        &mut self,
        key: Key,
        found: &mut Subscription,
        event: &Arc<Stored>,
        prepared: &Prepared,
        ask: bool,
    ) {
        let (info, life) = (Arc::clone(&found.info), found.life);
        let Some(stream) = found.stream_mut() else { return };
        if life != Life::Open || (self.untyped && info.is_typed()) {
            return;
        }
        stream.counts.matched += 1;
        self.receipt.reached += 1;
        let queued = Queued {
            coalesce: prepared.coalesce,
            ask,
            ..Queued::new(Arc::clone(event), self.policy.critical)
        };
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
            Pushed::Closes(rejected) => {
                self.receipt.problem(Problem::of(&info, Outcome::Overflowed));
                self.more().closing.push(Target::Stream(key));
                Some((rejected, Outcome::Overflowed))
            }
        };
        let Some((lost, outcome)) = lost else { return };
        stream.counts.note(&outcome);
        if outcome == Outcome::Overflowed
            && let Some(events) = stream.loss.note()
        {
            self.effects.work().reports.push(Report::Lost { info, events });
        }
        self.effects.work().queued.push(lost);
    }
}
