//! Running what was claimed, and taking up what waits behind it.
//!
//! Members of a group run in one loop, outside the lock. Then one step settles what became of the
//! event, lets new members in and takes the next event out of the queue, or leaves the group idle.
//! An event that waited for another thread's run is run here too, but only so many: then a worker
//! of the bus goes on (see [`workers`](super::workers)).

mod batch;
mod finish;
mod next;
mod queued;

pub(crate) use queued::{end_of_frame, end_of_stack, go_on, hand_over_postponed, run_queued};

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::delivery::context::{Entered, JobRef, NESTING, Node};
use crate::delivery::core::Core;
use crate::delivery::effects::drop_evicted;
use crate::delivery::group::{Claimed, Members, NOBODY, Phase};
use crate::delivery::outcome::Outcome;
use crate::delivery::panic::catch_panic;
use crate::delivery::permits::Permit;
use crate::delivery::prepare::wants;
use crate::delivery::publish::{More, Publish};
use crate::delivery::queue::Queued;
use crate::delivery::slab::Key;
use crate::delivery::state::State;
use crate::delivery::task::unkeep;
use crate::event::{Root, Stored};
use queued::postpone;

/// The exclusive right to run one sync group on one event.
#[expect(clippy::struct_excessive_bools, reason = "independent properties, read one by one")]
pub(crate) struct Claim {
    pub(crate) group: Key,
    pub(crate) age: u64,
    /// Whether others may be members of the group.
    pub(crate) shared: bool,
    /// Whether it may run on this stack.
    pub(crate) in_place: bool,
    /// Whether its filter is still to be asked.
    pub(crate) ask: bool,
    /// Whether its filter was asked here and has rejected the event.
    pub(crate) rejected: bool,
    /// Gone once somebody else has the claim.
    pub(crate) members: Option<Box<Members>>,
}

/// The next event of a group that has just finished one.
pub(crate) struct Next {
    pub(crate) group: Key,
    pub(crate) claimed: Claimed,
    pub(crate) queued: Queued,
}

impl Next {
    pub(crate) fn at(&self) -> JobRef {
        JobRef::new(self.group, &self.queued.event)
    }
}

impl Publish<'_> {
    /// Runs what was claimed: in place what may run here, the rest is handed over. The event is
    /// passed through, so that a publish to many handlers counts no references.
    #[inline]
    pub(crate) fn run(
        &mut self,
        mut event: Arc<Stored>,
        root: Option<Root>,
        evicted: Option<Arc<Stored>>,
    ) -> Arc<Stored> {
        let core = self.core;
        // Its drop is a callback that this event causes. It may block: then no permit may be held.
        let holds = self.more.as_ref().is_some_and(|more| more.permit == Permit::Held);
        let (now, later) = if holds { (None, evicted) } else { (evicted, None) };
        {
            let entered = Entered::handlers(core, &event, root);
            if let Some(evicted) = now {
                catch_panic(|| drop(evicted));
            }
            if let Some(first) = &mut self.first {
                event = run_claim(core, &entered, first, event);
            }
            if let Some(more) = &mut self.more {
                for claim in &mut more.rest {
                    event = run_claim(core, &entered, claim, event);
                }
                more.poll_tasks(core, &entered, &event);
            }
        }
        self.settle(&event);
        if let Some(evicted) = later {
            drop_evicted(core, evicted, root, Some(&event));
        }
        event
    }

    /// Settles what has run and hands over the rest, in one step, and goes on with what waits.
    #[inline]
    fn settle(&mut self, event: &Arc<Stored>) {
        let core = self.core;
        let mut state = core.lock_step();
        let next = match &mut self.first {
            Some(first) => state.finish_claim(first, event, &mut self.receipt, &mut self.effects),
            None => None,
        };
        let more = self.more.take();
        let more = more.map(|more| self.settle_rest(&mut state, event, more));
        if self.nesting == 0 && !state.graph.is_empty() {
            state.graph.end(Node::Thread(self.thread));
        }
        drop(state);
        // First: what follows is foreign code, which may wait for these handlers.
        self.more = more;
        if !self.effects.is_empty() {
            self.effects.take().run(core, Some(event));
        }
        if self.nesting >= NESTING {
            self.postpone(event);
        }
        let is_async = |next: &Next| matches!(next.claimed, Claimed::Async(_));
        if let Some(more) = &mut self.more {
            // Async ones first: a sync handler may wait for them.
            more.next.sort_by_key(|next| !is_async(next));
            let tasks = more.next.iter().take_while(|next| is_async(next)).count();
            more.next.drain(..tasks).for_each(|next| go_on(core, next));
        }
        if let Some(next) = next {
            go_on(core, next);
        }
        if let Some(more) = &mut self.more {
            more.next.drain(..).for_each(|next| go_on(core, next));
        }
    }

    #[inline(never)]
    fn settle_rest(&mut self, state: &mut State, event: &Arc<Stored>, mut more: Box<More>) -> Box<More> {
        let Self { receipt, effects, pending, core, .. } = self;
        let More { rest, tasks, sets, joins, polls_on, permit, next, all_handled, .. } = &mut *more;
        for claim in &mut *rest {
            next.extend(state.finish_claim(claim, event, receipt, effects));
        }
        // The list is used again: what has run must not run with the next event.
        rest.retain(|claim| claim.members.is_some());
        effects.wake(state.permits.give(permit));
        for (index, handlers) in sets.drain(..) {
            let count = u32::try_from(handlers.len()).unwrap_or(u32::MAX);
            match state.put_back_all(index, event.head.seq(), handlers, *all_handled) {
                Ok(()) => receipt.handled += count,
                Err(handlers) => tasks.extend(handlers),
            }
        }
        for mut handler in tasks.drain(..) {
            if let Poll::Ready(failure) = handler.take_ready() {
                let outcome = Some(failure.map_or(Outcome::Handled, |failure| *failure));
                next.extend(state.finish_async(handler, event, outcome, Some(receipt), self.thread, effects));
                continue;
            }
            if handler.phase() != Phase::Queued {
                unkeep();
            }
            let pending = pending.get_or_insert_default();
            if !state.promise_async(&handler, pending, core.tick(), effects) {
                effects.work().closures.push(Box::new(handler));
                continue;
            }
            handler.assign(core, Arc::clone(event));
            handler.hand_over(state, effects);
        }
        joins.drain(..).filter(|_| *all_handled).for_each(|index| state.join_idle(index, polls_on.flatten()));
        more
    }

    /// Leaves sync groups that were claimed too deep in the stack to its outermost frame.
    #[cold]
    fn postpone(&mut self, event: &Arc<Stored>) {
        let rest = self.more.iter_mut().flat_map(|more| more.rest.drain(..));
        let claims = self.first.take().into_iter().chain(rest);
        for Claim { group, ask, members, .. } in claims {
            let Some(members) = members else { continue };
            let queued = Queued { ask, ..Queued::new(Arc::clone(event), false) };
            postpone(self.core, Next { group, claimed: Claimed::Sync(members), queued });
        }
    }
}

impl More {
    /// Polls the async handlers, after the sync ones: those must not hold a permit.
    fn poll_tasks(&mut self, core: &Core, entered: &Entered, event: &Arc<Stored>) {
        let Self { tasks, sets, permit, .. } = self;
        let (job, mut all) = (event.head.seq(), true);
        // The task polls again at once and stores its own waker, so that this one is never used.
        let context = &mut Context::from_waker(Waker::noop());
        for handlers in sets.iter_mut().map(|(_, set)| set).chain([tasks]) {
            for handler in handlers {
                let polls = handler.begins_in_place(job) && takes_permit(core, permit);
                all &= polls && handler.poll_in_place(core, entered, event, context, permit);
            }
        }
        self.all_handled = all;
    }
}

/// Takes a permit for polls in place, unless there is one.
#[inline]
fn takes_permit(core: &Core, permit: &mut Permit) -> bool {
    if matches!(permit, Permit::None) && core.lock().permits.try_take() {
        *permit = Permit::Held;
    }
    matches!(permit, Permit::Held)
}

/// Runs a sync group that was claimed, if it may run here and its filter lets the event pass.
#[inline]
fn run_claim(core: &Core, entered: &Entered, claim: &mut Claim, event: Arc<Stored>) -> Arc<Stored> {
    if claim.ask && claim.in_place {
        claim.rejected = !core.group_wants(claim.group, &event);
    }
    match &mut claim.members {
        Some(members) if claim.in_place && !claim.rejected => {
            let at = JobRef::new(claim.group, &event);
            run_members(core, entered, members, at, event)
        }
        _ => event,
    }
}

#[inline]
fn run_members(
    core: &Core,
    entered: &Entered,
    members: &mut Members,
    at: JobRef,
    event: Arc<Stored>,
) -> Arc<Stored> {
    entered.run_sync(at);
    let Members { calls, at: position, failures, batch } = members;
    let event = if core.observer.is_some() {
        let seen = Arc::clone(&event);
        let mut observe = |id, name: &str, outcome: &Outcome, began| {
            core.call_done(&seen, id, name, batch.as_deref(), outcome, began);
        };
        calls.call(event, position, Some(&mut observe), failures)
    } else {
        calls.call(event, position, None, failures)
    };
    position.set(NOBODY);
    event
}

impl Core {
    /// Whether the filter of a group's one member lets an event pass.
    #[cold]
    fn group_wants(&self, group: Key, event: &Arc<Stored>) -> bool {
        let info = {
            let state = self.lock();
            let member = state.groups.get(group).and_then(|group| group.members.first().copied());
            member.and_then(|key| Some(Arc::clone(&state.subscriptions.get(key)?.info)))
        };
        info.is_none_or(|info| wants(self, &info.predicates, event))
    }
}
