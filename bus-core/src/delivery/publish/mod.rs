//! Publishing: one step under the lock stamps the event, retains it and hands it to every receiver.
//!
//! A receiver is a group of handlers or a stream. An idle group is claimed, to be run when the lock
//! is free; one that is at work gets the event into its queue; a stream gets it into its ring or
//! its queue. There is one way for all events.

mod lock;
mod offer;
mod retain;

use std::cell::Cell;
use std::sync::Arc;

use crate::delivery::context::{self, Node};
use crate::delivery::core::Core;
use crate::delivery::effects::{Effects, drop_event, drop_evicted};
use crate::delivery::outcome::Outcome;
use crate::delivery::pending::{Open, Pending, Sent};
use crate::delivery::permits::Permit;
use crate::delivery::prepare::{Prepared, policy};
use crate::delivery::queue::{Queued, Removed};
use crate::delivery::receipt::Receipt;
use crate::delivery::record::Record;
use crate::delivery::routes::Target;
use crate::delivery::run::{self, Claim, Next};
use crate::delivery::slab::Key;
use crate::delivery::state::State;
use crate::delivery::task::Handlers;
use crate::delivery::writer;
use crate::error::Refused;
use crate::event::{EventId, KindRef, Root, Stored};
use crate::payload::{Descriptor, Policy};
use crate::sync::{Id, Signal, failpoint};

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
    /// Equal for events that may replace each other in a queue.
    coalesce: u64,
    /// Its payload fits no type.
    untyped: bool,
    /// A writer has to be started for it.
    writes: bool,
    pub(crate) receipt: Receipt,
    /// How many groups were idle that are at work now.
    begun: usize,
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
    /// The async handlers that were claimed.
    pub(crate) tasks: Handlers,
    /// Those that were claimed together, each with the position of its index.
    pub(crate) sets: Vec<(usize, Handlers)>,
    /// The indexes whose handlers may be claimed together from now on.
    pub(crate) joins: Vec<usize>,
    /// Whether each async handler was polled in place and has handled the event.
    pub(crate) all_handled: bool,
    /// How many async handlers are polled in place.
    in_place: u32,
    /// The runtime on which this publish polls, looked up when the first async handler asks.
    #[expect(clippy::option_option, reason = "there may be no runtime")]
    pub(crate) polls_on: Option<Option<Id>>,
    /// The permit for those that are polled in place.
    pub(crate) permit: Permit,
    /// The next events of the groups that have run.
    pub(crate) next: Vec<Next>,
    /// Receivers that end with this event.
    closing: Vec<Target>,
    /// Receivers that read this event back from the store.
    leaving: Vec<(Target, u64)>,
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
        (self.polls_on, self.in_place) = (None, 0);
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
            state = self.lock_step();
        }
        let mut publish = Publish::new(self, mode, policy, nesting, prepared.coalesce);
        publish.untyped = known.is_none();
        publish.offer_all(&mut state, kind, &event, &prepared);
        // Data that does not fit its type is no value that a later reader could be given.
        let sticky = policy.sticky && known.is_some();
        let reached = publish.receipt.reached > 0;
        let recorded = state.is_recorded(kind, &prepared);
        let wanted = reached || prepared.is_paired() || sticky || recorded == Some(true);
        let root = publish.root(&event, known, state.next_seq);
        if !state.count_publish(kind, reached, wanted, policy.transient) {
            if self.observer.is_some() {
                // The next event gets this position.
                event.head.stamp(0);
            }
            if recorded.is_some() {
                publish.record(&mut state, &event, false);
            }
            publish.end_step(&mut state);
            drop(state);
            publish.finish(Some(event), root, None);
            return sent(self, publish.receipt, publish.pending);
        }
        if let Some(keeps) = recorded {
            publish.record(&mut state, &event, keeps);
        }
        if let Some(pairs) = prepared.take_pairs() {
            publish.effects.drop_later(state.pairs.note(pairs, &event));
        }
        if sticky {
            publish.keep_latest(&mut state, kind, &event);
        }
        let (kept, evicted) = publish.retain(&mut state, kind, event);
        publish.end_step(&mut state);
        drop(state);
        publish.finish(kept, root, evicted);
        sent(self, publish.receipt, publish.pending)
    }
}

impl<'a> Publish<'a> {
    #[inline]
    fn new(core: &'a Arc<Core>, mode: Mode, policy: &'static Policy, nesting: usize, coalesce: u64) -> Self {
        Self {
            core,
            mode,
            nesting,
            thread: context::thread(),
            tick: core.tick(),
            policy,
            coalesce,
            untyped: false,
            writes: false,
            receipt: Receipt::default(),
            begun: 0,
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
}

impl Publish<'_> {
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
                Target::Group(key) => state.close_group(key, &mut self.effects),
                Target::Stream(key) => state.close_stream(key, &mut self.effects),
            }
        }
        for (target, seq) in more.leaving.drain(..) {
            state.leave_live(target, EventId::new(self.core.run, seq - 1), &mut self.effects);
        }
        more.woken.drain(..).for_each(|node| state.event_came(node));
        // No foreign code runs before the handlers that are polled in place.
        let next = self.first.is_none() && self.effects.is_empty() && more.in_place > 0;
        if next && state.permits.try_take() {
            more.permit = Permit::Held;
        }
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
        self.first.is_some()
            || self.more.as_ref().is_some_and(|more| !(more.tasks.is_empty() && more.sets.is_empty()))
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
    fn finish(&mut self, event: Option<Arc<Stored>>, root: Option<Root>, evicted: Option<Arc<Stored>>) {
        let core = self.core;
        if self.writes {
            writer::start(core);
        }
        if !self.effects.is_empty() {
            self.effects.take().run(core, event.as_ref());
        }
        match event {
            Some(event) if self.is_claimed() => {
                let event = self.run(event, root, evicted);
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
    let Some(pending) = pending else {
        let waits = receipt.record == Record::Waiting;
        return Sent { receipt, open: waits.then(|| Open::new(core, None)) };
    };
    if let Some(later) = pending.take_done() {
        receipt.join(later);
        return sent(core, receipt, None);
    }
    Sent { receipt, open: Some(Open::new(core, Some(pending))) }
}

fn outcome_of(why: Removed) -> Outcome {
    match why {
        Removed::Overflowed => Outcome::Overflowed,
        Removed::Coalesced => Outcome::Coalesced,
    }
}
