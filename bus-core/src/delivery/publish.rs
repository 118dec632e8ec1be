//! Publishing: one step under the lock stamps the event, retains it and hands it to every receiver.
//!
//! A receiver is a group of handlers or a stream. An idle group is claimed, to be run when the lock
//! is free; one that is at work gets the event into its queue; a stream gets it into its ring or
//! its queue. There is one way for all events.

use std::cell::Cell;
use std::sync::Arc;

use crate::delivery::Core;
use crate::delivery::context::{self, NESTING, Node};
use crate::delivery::effects::{Effects, Report, drop_event, drop_evicted};
use crate::delivery::group::{Claimed, Group, Phase, Running};
use crate::delivery::outcome::Outcome;
use crate::delivery::pending::{Open, Pending, Sent};
use crate::delivery::permits::Permit;
use crate::delivery::prepare::{Prepared, policy};
use crate::delivery::queue::{Pushed, Queued, Removed};
use crate::delivery::receipt::{Own, Problem, Receipt};
use crate::delivery::retain::mark::Mark;
use crate::delivery::routes::Target;
use crate::delivery::run::{self, Claim, Next, Polled};
use crate::delivery::slab::Key;
use crate::delivery::state::State;
use crate::delivery::subscription::{Life, Subscription};
use crate::delivery::task::Handler;
use crate::error::Refused;
use crate::event::{EventId, KindRef, Root, Stored};
use crate::payload::{Descriptor, Policy};
use crate::sync::{Guard, Handle, Id, Signal, failpoint};

/// Whether the publisher waits for the handlers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Await,
    Send,
}

/// One publish, while it is under way.
pub(crate) struct Publish<'a> {
    pub(crate) core: &'a Arc<Core>,
    pub(crate) mode: Mode,
    pub(crate) nesting: usize,
    pub(crate) thread: u64,
    tick: u64,
    policy: &'static Policy,
    /// Its payload fits no type.
    untyped: bool,
    pub(crate) receipt: Receipt,
    /// The first sync group that was claimed.
    pub(crate) first: Option<Claim>,
    /// Everything else that was met.
    pub(crate) more: Option<Box<More>>,
    pub(crate) pending: Option<Arc<Pending>>,
    pub(crate) effects: Effects,
}

/// The parts of a publish that a plain one to some sync handlers does not need.
#[derive(Default)]
pub(crate) struct More {
    /// Further sync groups that were claimed, in the order in which they run.
    pub(crate) rest: Vec<Claim>,
    /// The async handlers that were claimed, and the results of polling them in place.
    pub(crate) tasks: Vec<Claim>,
    pub(crate) polled: Vec<Polled>,
    /// The runtime that this is called in, looked up when the first async handler asks.
    #[expect(clippy::option_option, reason = "there may be no runtime")]
    runtime: Option<Option<Id>>,
    /// The permit for those that are polled in place.
    pub(crate) permit: Permit,
    /// Handlers that have no task yet.
    #[expect(clippy::vec_box, reason = "a handler stays in its box")]
    pub(crate) spawn: Vec<Box<Handler>>,
    /// The next events of the groups that have run.
    pub(crate) next: Vec<Next>,
    /// Receivers that end with this event.
    closing: Vec<Target>,
    /// Handlers that waited for this event.
    woken: Vec<Node>,
    /// Events that queues lost.
    lost: Vec<(Key, Queued, Outcome)>,
    /// Where this thread waits for spare capacity.
    signals: Vec<Arc<Signal>>,
}

// The memory of the last publish, for the next one of this thread.
crate::sync::per_thread_plain!(SPARE: Cell<Option<Box<More>>> = Cell::new(None));

/// Lists with more capacity than this are not kept for the next publish.
const KEPT: usize = 1_024;

impl More {
    fn keep(mut self: Box<Self>) {
        self.runtime = None;
        if self.tasks.capacity() <= KEPT && self.rest.capacity() <= KEPT && self.lost.capacity() <= KEPT {
            // A thread at its end may have nothing to keep it in any more.
            drop(SPARE.try_with(|spare| spare.replace(Some(self))));
        }
    }
}

impl Core {
    /// Publishes an event. `known` declares the type of its payload, where it has one.
    pub(crate) fn publish(
        self: &Arc<Self>,
        event: Arc<Stored>,
        known: Option<&'static Descriptor>,
        mode: Mode,
    ) -> Sent {
        // Too deep in the stack the event is refused, and an observer that publishes must end.
        if self.observer.is_none() || context::is_too_deep() {
            return self.publish_event(event, known, mode);
        }
        self.publish_begun(&event);
        let sent = self.publish_event(Arc::clone(&event), known, mode);
        self.publish_done(&event, &sent.receipt);
        drop_event(self, event);
        run::end_of_frame();
        sent
    }

    fn publish_event(
        self: &Arc<Self>,
        event: Arc<Stored>,
        known: Option<&'static Descriptor>,
        mode: Mode,
    ) -> Sent {
        let nesting = context::nesting();
        if context::is_too_deep() {
            return self.reject(event, Refused::TooNested);
        }
        let policy = known.map_or_else(|| policy(event.body.kind()), |known| &known.policy);
        let mut prepared = Prepared::of(self, &event, policy);
        let named = known.map_or_else(|| event.body.kind(), KindRef::Declared);
        let (mut state, kind) = match self.prepare(&event, named, &mut prepared) {
            Ok(prepared) => prepared,
            Err(refused) => return self.reject(event, *refused),
        };
        event.head.stamp(state.next_seq);
        if failpoint("step_in_two") {
            drop(state);
            state = self.lock();
        }
        let mut publish = Publish::new(self, mode, policy, nesting, known.is_none());
        publish.offer_all(&mut state, kind, &event, &prepared);
        let wanted = publish.receipt.reached > 0 || prepared.is_paired();
        let root = publish.root(&event, known, state.next_seq);
        let (mut kept, mut evicted) = (Some(event), None);
        if state.count_publish(kind, wanted, policy.transient)
            && let Some(event) = kept.take()
        {
            let head = &event.head;
            publish.receipt.set_position(Own { run: self.run, seq: head.seq() }, head.kept_id());
            if let Some(pairs) = prepared.take_pairs() {
                publish.effects.drop_later(state.pairs.note(pairs, &event));
            }
            // Where it has a cause, it names itself as the cause of what the step leaves.
            let needed = publish.needs_event() || head.cause.is_some();
            let mark = Mark::of(kind, head);
            (kept, evicted) = state.history.keep(mark, event, policy.transient, needed);
            publish.effects.drop_later(state.history.shrink());
        } else if self.observer.is_some() {
            // The next event gets this position.
            if let Some(event) = &kept {
                event.head.stamp(0);
            }
        }
        publish.end_step(&mut state);
        drop(state);
        publish.finish(kept, root, evicted);
        sent(self, publish.receipt, publish.pending)
    }

    /// Takes the lock when everything that runs foreign code is worked out.
    #[inline]
    fn prepare<'a>(
        &'a self,
        event: &Arc<Stored>,
        named: KindRef<'_>,
        prepared: &mut Prepared,
    ) -> Result<(Guard<'a, State>, usize), Box<Refused>> {
        loop {
            let mut state = self.lock();
            if state.closed && !failpoint("closed_unasked") {
                return Err(Box::new(Refused::Closed));
            }
            let Some(kind) = state.routes.position(named) else {
                drop(state);
                self.declare_kind(named)?;
                continue;
            };
            let Some(missing) = state.missing(kind, event, prepared) else {
                return Ok((state, kind));
            };
            drop(state);
            prepared.complete(self, event, missing);
        }
    }

    /// Makes the first event of its kind known to the catalogue.
    #[cold]
    fn declare_kind(&self, kind: KindRef<'_>) -> Result<(), Box<Refused>> {
        match kind {
            KindRef::Declared(descriptor) => {
                self.declare(descriptor).map_err(|known| Box::new(Refused::DuplicateKind(known)))
            }
            KindRef::Open(_) => Ok(()),
        }
    }
}

impl<'a> Publish<'a> {
    #[inline]
    fn new(core: &'a Arc<Core>, mode: Mode, policy: &'static Policy, nesting: usize, untyped: bool) -> Self {
        Self {
            core,
            mode,
            nesting,
            thread: context::thread(),
            tick: core.tick(),
            policy,
            untyped,
            receipt: Receipt::default(),
            first: None,
            more: None,
            pending: None,
            effects: Effects::default(),
        }
    }

    #[inline]
    fn more(&mut self) -> &mut More {
        self.more.get_or_insert_with(|| SPARE.try_with(Cell::take).ok().flatten().unwrap_or_default())
    }

    /// Hands the event to every receiver that wants it: rings, the groups of its kind, those of
    /// every kind, then what has a filter.
    #[inline]
    fn offer_all(&mut self, state: &mut State, kind: usize, event: &Arc<Stored>, prepared: &Prepared) {
        let State { routes, groups, subscriptions, rings, next_job, busy, graph, permits, .. } = state;
        let (index, any) = (&routes.kind(kind).index, &routes.any);
        for key in index.rings().iter().chain(any.rings()) {
            let Some(ring) = rings.get_mut(*key).filter(|ring| !(self.untyped && ring.typed)) else {
                continue;
            };
            let attached =
                u32::try_from(ring.push(event, subscriptions, &mut self.effects)).unwrap_or(u32::MAX);
            self.receipt.reached += attached;
            self.receipt.queued += attached;
            for key in &ring.detached {
                if let Some(found) = subscriptions.get_mut(*key) {
                    self.offer_stream(*key, found, event, prepared, false);
                }
            }
        }
        for key in index.groups().iter().chain(any.groups()) {
            if let Some(group) = groups.get_mut(*key) {
                self.offer(*key, group, event, prepared, false, next_job, busy, graph);
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
        group.running.push(Running {
            job,
            cohort,
            live,
            seq: event.head.seq(),
            // Until it is handed over, also an async handler cannot run before this thread goes on.
            thread: self.thread,
            phase: if in_place || sync { Phase::Active } else { Phase::Queued },
            since: self.tick,
            unit: None,
        });
        let (age, claimed) = (group.age, Some(claimed));
        let shared = group.alike.is_some();
        let claim = Claim { group: key, job, age, shared, in_place, ask, rejected: false, claimed };
        if sync {
            if !in_place {
                self.promise(key, group, job);
            }
            match self.first {
                None => self.first = Some(claim),
                Some(_) => self.more().rest.push(claim),
            }
        } else {
            self.more().tasks.push(claim);
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
                // What the holder waits for may need the thread of a runtime that would block here.
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

    /// Ends what ends with this event, and settles what queues lost.
    #[inline]
    fn end_step(&mut self, state: &mut State) {
        if self.more.is_some() {
            self.end_rest(state);
        }
    }

    #[inline(never)]
    fn end_rest(&mut self, state: &mut State) {
        let Some(mut more) = self.more.take() else { return };
        for (key, lost, outcome) in more.lost.drain(..) {
            if lost.unit.is_none() {
                let problems = state.problems_of(key, lost.cohort, &outcome);
                for problem in problems {
                    self.receipt.problem(problem);
                }
            }
            state.settle_lost(key, lost, &outcome, &mut self.effects);
        }
        for target in more.closing.drain(..) {
            match target {
                Target::Group(key) => state.close_group(key),
                Target::Stream(key) => state.close_stream(key, &mut self.effects),
            }
        }
        more.woken.drain(..).for_each(|node| state.event_came(node));
        self.more = Some(more);
    }

    /// Handlers with a filter are called by age. `shared` claims of groups without one, apart from
    /// the first claim, stand before theirs.
    #[cold]
    fn sort_filtered(&mut self, shared: usize) {
        let Some(More { rest, .. }) = self.more.as_deref_mut() else { return };
        match self.first.take_if(|first| !first.shared) {
            Some(first) => {
                rest.insert(0, first);
                rest.sort_by_key(|claim| claim.age);
                self.first = Some(rest.remove(0));
            }
            None => rest[shared..].sort_by_key(|claim| claim.age),
        }
    }

    /// Whether handlers were claimed.
    #[inline]
    fn is_claimed(&self) -> bool {
        self.first.is_some() || self.more.as_ref().is_some_and(|more| !more.tasks.is_empty())
    }

    /// Whether the event is needed after the step.
    #[inline]
    fn needs_event(&self) -> bool {
        self.first.is_some() || !self.effects.is_empty() || self.more.is_some()
    }

    /// Names the event as a cause, where handlers run and it has no cause itself.
    #[inline]
    fn root(&self, event: &Stored, known: Option<&'static Descriptor>, seq: u64) -> Option<Root> {
        let (known, head) = (known?, &event.head);
        head.as_root(known, head.kept_id().unwrap_or(EventId::new(self.core.run, seq)))
    }

    /// Does what had to wait for the end of the step, and runs what was claimed.
    #[inline]
    fn finish(&mut self, event: Option<Arc<Stored>>, root: Option<Root>, mut evicted: Option<Arc<Stored>>) {
        let core = self.core;
        if !self.effects.is_empty() {
            self.effects.take().run(core, event.as_ref());
        }
        match event {
            Some(event) if self.is_claimed() => {
                let event = self.run(event, root, &mut evicted);
                drop_event(core, event);
            }
            event => {
                if let Some(evicted) = evicted {
                    drop_evicted(core, evicted, root, event.as_ref());
                }
                if let Some(event) = event {
                    drop_event(core, event);
                }
            }
        }
        if self.nesting == 0 {
            run::end_of_stack();
        }
        if let Some(mut more) = self.more.take() {
            more.signals.drain(..).for_each(|signal| signal.wait());
            more.keep();
        }
    }
}

/// Returns the result for the publisher. Pending deliveries may be settled by now.
#[inline]
fn sent(core: &Arc<Core>, mut receipt: Receipt, pending: Option<Arc<Pending>>) -> Sent {
    let Some(pending) = pending else { return Sent { receipt, open: None } };
    if let Some(later) = pending.take_done() {
        receipt.join(later);
        return Sent { receipt, open: None };
    }
    Sent { receipt, open: Some(Open::new(core, pending)) }
}

fn outcome_of(why: Removed) -> Outcome {
    match why {
        Removed::Overflowed => Outcome::Overflowed,
        Removed::Coalesced => Outcome::Coalesced,
    }
}
