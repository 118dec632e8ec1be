//! Running what was claimed, and taking up what waits behind it.
//!
//! Members of a group run in one loop, outside the lock. Then one step settles what became of the
//! event, lets new members in and takes the next event out of the queue, or leaves the group idle.
//! An event that waited for another thread's run is run here too, but only so many: then a worker
//! of the bus goes on (see [`workers`](super::workers)).

mod finish;
mod next;
mod queued;

pub(crate) use queued::{end_of_frame, end_of_stack, go_on, hand_over_postponed, run_queued};

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::delivery::context::{Entered, JobRef, NESTING, Node};
use crate::delivery::core::Core;
use crate::delivery::group::{Claimed, Members, NOBODY};
use crate::delivery::observe::Stopwatch;
use crate::delivery::outcome::Outcome;
use crate::delivery::panic::catch_panic;
use crate::delivery::permits::Permit;
use crate::delivery::prepare::wants;
use crate::delivery::publish::{More, Publish};
use crate::delivery::queue::Queued;
use crate::delivery::slab::Key;
use crate::delivery::state::State;
use crate::delivery::task::{Handler, Started};
use crate::event::{Root, Stored};
use queued::postpone;

/// The exclusive right to run one group on one event.
#[expect(clippy::struct_excessive_bools, reason = "independent properties, read one by one")]
pub(crate) struct Claim {
    pub(crate) group: Key,
    pub(crate) job: u64,
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
    pub(crate) claimed: Option<Claimed>,
}

impl Claim {
    fn at(&self) -> JobRef {
        JobRef { group: self.group, job: self.job }
    }
}

/// The next event of a group that has just finished one.
pub(crate) struct Next {
    pub(crate) group: Key,
    pub(crate) job: u64,
    pub(crate) claimed: Claimed,
    pub(crate) queued: Queued,
}

/// The result of polling one async handler in place.
pub(crate) enum Polled {
    Ready(Option<Outcome>),
    Pending(Started),
    /// It was not polled: no permit was free, or it may not run here.
    Not,
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
        {
            let entered = Entered::handlers(core, &event, root);
            if let Some(evicted) = evicted {
                // Its drop is a callback that this event causes.
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
        event
    }

    /// Settles what has run and hands over the rest, in one step, and goes on with what waits.
    #[inline]
    fn settle(&mut self, event: &Arc<Stored>) {
        let core = self.core;
        let mut state = core.lock();
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
        if let Some(more) = &mut self.more {
            more.spawn.drain(..).for_each(Handler::spawn);
        }
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
        let More { rest, tasks, polled, permit, spawn, next, .. } = &mut *more;
        for claim in &mut *rest {
            next.extend(state.finish_claim(claim, event, receipt, effects));
        }
        // The list is used again: what has run must not run with the next event.
        rest.retain(|claim| claim.claimed.is_some());
        effects.wake(state.permits.give(permit));
        let polled = polled.drain(..).chain(std::iter::repeat_with(|| Polled::Not));
        for (mut claim, polled) in tasks.drain(..).zip(polled) {
            let at = claim.at();
            let Some(Claimed::Async(mut handler)) = claim.claimed.take() else { continue };
            let started = match polled {
                Polled::Ready(outcome) => {
                    let thread = self.thread;
                    next.extend(state.finish_polled(at, handler, event, outcome, receipt, thread, effects));
                    continue;
                }
                Polled::Pending(started) => Some(started),
                Polled::Not => None,
            };
            let pending = pending.get_or_insert_default();
            let begun = started.as_ref().map(|started| started.permit);
            if !state.promise_async(at, pending, begun, core.tick(), effects) {
                effects.work().closures.push(Box::new(handler));
                continue;
            }
            handler.assign(core, at.job, Arc::clone(event), claim.ask, started);
            handler.hand_over(state, spawn, effects);
        }
        more
    }

    /// Leaves sync groups that were claimed too deep in the stack to its outermost frame.
    #[cold]
    fn postpone(&mut self, event: &Arc<Stored>) {
        let rest = self.more.iter_mut().flat_map(|more| more.rest.drain(..));
        let claims = self.first.take().into_iter().chain(rest);
        for Claim { group, job, ask, claimed, .. } in claims {
            let Some(claimed) = claimed else { continue };
            let queued = Queued { ask, ..Queued::new(Arc::clone(event), false) };
            postpone(self.core, Next { group, job, claimed, queued });
        }
    }
}

impl More {
    /// Polls the async handlers, after the sync ones: those must not hold a permit.
    fn poll_tasks(&mut self, core: &Arc<Core>, entered: &Entered, event: &Arc<Stored>) {
        let Self { tasks, polled, permit, .. } = self;
        for claim in tasks {
            let at = claim.at();
            let Some(Claimed::Async(handler)) = &mut claim.claimed else { continue };
            if !claim.in_place || claim.ask || !takes_permit(core, permit) {
                polled.push(Polled::Not);
                continue;
            }
            entered.poll_async(at);
            let began = handler.info.timeout.map(|_| crate::sync::Instant::now());
            let watch = Stopwatch::new(core);
            // The task polls again at once and stores its own waker, so that this one is never
            // used.
            let context = &mut Context::from_waker(Waker::noop());
            let ready = handler.runner.begin(event, handler.info.id, context);
            if entered.was_blocked() {
                core.lock().permits.take_back();
            }
            polled.push(match ready {
                Poll::Ready(failure) => {
                    let outcome = failure.map_or(Outcome::Handled, |outcome| *outcome);
                    watch.handler_done(core, event, &handler.info, Some(&outcome));
                    Polled::Ready(Some(outcome))
                }
                Poll::Pending => {
                    let kept = if entered.waits() { Permit::None } else { std::mem::take(permit) };
                    Polled::Pending(Started { permit: kept, began, watch })
                }
            });
        }
    }
}

/// Takes a permit for polls in place, unless there is one.
fn takes_permit(core: &Core, permit: &mut Permit) -> bool {
    if *permit == Permit::None && core.lock().permits.try_take() {
        *permit = Permit::Held;
    }
    *permit == Permit::Held
}

/// Runs a sync group that was claimed, if it may run here and its filter lets the event pass.
#[inline]
fn run_claim(core: &Core, entered: &Entered, claim: &mut Claim, event: Arc<Stored>) -> Arc<Stored> {
    if claim.ask && claim.in_place {
        claim.rejected = !core.group_wants(claim.group, &event);
    }
    let at = claim.at();
    match &mut claim.claimed {
        Some(Claimed::Sync(members)) if claim.in_place && !claim.rejected => {
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
    let Members { calls, at: position, failures } = members;
    let event = if core.observer.is_some() {
        let seen = Arc::clone(&event);
        let mut observe = |id, name: &str, outcome: &Outcome, began| {
            core.handler_done(&seen, id, name, outcome, began);
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
