//! Running what was claimed, and taking up what waits behind it.
//!
//! Members of a group run in one loop, outside the lock. Then one step settles what became of the
//! event, lets new members in and takes the next event out of the queue, or leaves the group idle.
//! An event that waited for another thread's run is run here too, but only so many: then a worker
//! of the bus goes on (see [`workers`](super::workers)).

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::delivery::Core;
use crate::delivery::context::{self, Entered, JobRef, NESTING, Node};
use crate::delivery::effects::{self, Effects, Report, drop_event};
use crate::delivery::group::{Claimed, Failures, Idle, Members, NOBODY, Phase, Running};
use crate::delivery::observe::Stopwatch;
use crate::delivery::outcome::Outcome;
use crate::delivery::panic::catch_panic;
use crate::delivery::pending::{Settled, Unit};
use crate::delivery::permits::Permit;
use crate::delivery::prepare::wants;
use crate::delivery::publish::{More, Publish};
use crate::delivery::queue::{Gaps, Queued};
use crate::delivery::receipt::{Problem, Receipt};
use crate::delivery::slab::Key;
use crate::delivery::state::State;
use crate::delivery::subscription::Receiver;
use crate::delivery::task::{Handler, Started};
use crate::delivery::workers;
use crate::event::{Root, Stored};
use crate::sync::failpoint;

/// How many events of other publishers one outermost publish runs at most, and for how long. Then a
/// worker of the bus goes on, so that no publisher is captured.
const FOREIGN_EVENTS: u32 = if cfg!(bus_shuttle) { 2 } else { 64 };
const FOREIGN_TIME: Duration = Duration::from_millis(1);

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
        evicted: &mut Option<Arc<Stored>>,
    ) -> Arc<Stored> {
        let core = self.core;
        {
            let entered = Entered::handlers(core, &event, root);
            if let Some(evicted) = evicted.take() {
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

/// Leaves a claimed sync group to the outermost frame of this thread.
#[cold]
fn postpone(core: &Arc<Core>, next: Next) {
    let mut postponed = Some((Arc::clone(core), next));
    let kept = POSTPONED.try_with(|list| list.borrow_mut().extend(postponed.take()));
    if kept.is_ok() {
        HAS_POSTPONED.with(|has| has.set(true));
    }
    // Only a thread at its end has no list any more.
    if let Some((core, next)) = postponed {
        drain(&core, next);
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

// Groups that were claimed too deep in the stack; the outermost frame runs them.
crate::sync::per_thread_plain!(HAS_POSTPONED: Cell<bool> = Cell::new(false));
type Postponed = (Arc<Core>, Next);
crate::sync::per_thread_plain!(POSTPONED: RefCell<VecDeque<Postponed>> = RefCell::new(VecDeque::new()));
// How many events of other publishers the outermost publish has run, and until when it may.
crate::sync::per_thread_plain!(FOREIGN: Cell<(u32, Option<Instant>)> = Cell::new((0, None)));

/// Runs what was left to the outermost frame of this thread, if this is it.
#[inline]
pub(crate) fn end_of_frame() {
    if (HAS_POSTPONED.with(Cell::get) || effects::has_later()) && context::nesting() == 0 {
        run_later();
    }
}

/// The same at the end of an outermost publish, poll or replay, which may run events of others.
#[inline]
pub(crate) fn end_of_stack() {
    if context::nesting() > 0 {
        return;
    }
    end_of_frame();
    if FOREIGN.with(Cell::get).0 > 0 {
        FOREIGN.with(|foreign| foreign.set((0, None)));
    }
}

#[cold]
fn run_later() {
    loop {
        while effects::has_later() {
            effects::run_later();
        }
        // One by one: those behind it stay in the list, should its handler block.
        let Some((core, next)) = take_postponed() else { return };
        let next = run_queued(&core, next);
        if let Some(next) = next {
            go_on(&core, next);
        }
    }
}

fn take_postponed() -> Option<Postponed> {
    let next = POSTPONED.try_with(|list| list.borrow_mut().pop_front()).ok().flatten();
    if next.is_none() {
        HAS_POSTPONED.with(|has| has.set(false));
    }
    next
}

/// Hands the groups that this thread has postponed over to workers, if it is about to block: the
/// event that it waits for may be published by one of them.
pub(crate) fn hand_over_postponed() {
    if HAS_POSTPONED.with(Cell::get) && context::blocks_thread() {
        while let Some((core, next)) = take_postponed() {
            workers::hand_over(&core, next);
        }
    }
}

/// Goes on with what waits for a group: a sync one here, within bounds, an async one in its task.
#[inline(never)]
pub(crate) fn go_on(core: &Arc<Core>, next: Next) {
    let at = JobRef { group: next.group, job: next.job };
    match next.claimed {
        Claimed::Sync(_) if context::nesting() >= NESTING => postpone(core, next),
        Claimed::Sync(_) => drain(core, next),
        Claimed::Async(handler) => assign(core, handler, at, next.queued),
    }
}

/// Puts an async handler to work on an event that waited for it.
fn assign(core: &Arc<Core>, mut handler: Box<Handler>, at: JobRef, queued: Queued) {
    handler.assign(core, at.job, queued.event, queued.ask, None);
    let (mut spawn, mut effects) = (Vec::new(), Effects::default());
    {
        let mut state = core.lock();
        state.leave_stack(Node::Job(at));
        handler.hand_over(&mut state, &mut spawn, &mut effects);
    }
    spawn.into_iter().for_each(Handler::spawn);
    effects.run(core, None);
}

/// Runs a sync group until nothing waits for it, or until this thread has run enough for others.
fn drain(core: &Arc<Core>, first: Next) {
    let mut next = Some(first);
    while let Some(current) = next.take() {
        let is_own = current.queued.replay || current.queued.thread == context::thread();
        if !is_own && has_run_enough() {
            return workers::hand_over(core, current);
        }
        next = run_queued(core, current);
    }
}

/// Counts an event of another publisher; whether this thread has run enough of them.
fn has_run_enough() -> bool {
    let (events, until) = FOREIGN.with(Cell::get);
    let until = until.unwrap_or_else(|| Instant::now() + FOREIGN_TIME);
    FOREIGN.with(|foreign| foreign.set((events + 1, Some(until))));
    // The models have no time, and loom not enough threads.
    let is_late = !cfg!(bus_shuttle) && events > 0 && Instant::now() >= until;
    !cfg!(bus_loom) && (events >= FOREIGN_EVENTS || is_late)
}

/// Runs a sync group on an event that waited for it, and takes up the next one.
pub(crate) fn run_queued(core: &Arc<Core>, next: Next) -> Option<Next> {
    let Next { group, job, claimed: Claimed::Sync(mut members), queued } = next else {
        go_on(core, next);
        return None;
    };
    let (at, mut event) = (JobRef { group, job }, queued.event);
    let matched = !queued.ask || core.group_wants(group, &event);
    if matched {
        let entered = Entered::handlers(core, &event, context::root_of(&event));
        event = run_members(core, &entered, &mut members, at, event);
    }
    let mut next = None;
    core.step_of(&event, |state, effects| {
        next = state.finish_sync(at, members, &event, matched, None, effects);
        if context::nesting() == 0 {
            state.graph.end(Node::Thread(context::thread()));
        }
    });
    drop_event(core, event);
    next
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

impl State {
    /// Ends one event of a group that a publish has run, if it has run it.
    #[inline]
    fn finish_claim(
        &mut self,
        claim: &mut Claim,
        event: &Arc<Stored>,
        receipt: &mut Receipt,
        effects: &mut Effects,
    ) -> Option<Next> {
        if !claim.in_place {
            return None;
        }
        let (at, matched) = (claim.at(), !claim.rejected);
        let Some(Claimed::Sync(members)) = claim.claimed.take() else { return None };
        self.finish_sync(at, members, event, matched, Some(receipt), effects)
    }

    /// Ends one event of a sync group, and takes up the next one, or leaves the group idle. Without
    /// a receipt the result is settled for whoever waits for it.
    #[inline]
    pub(crate) fn finish_sync(
        &mut self,
        at: JobRef,
        members: Box<Members>,
        event: &Arc<Stored>,
        matched: bool,
        receipt: Option<&mut Receipt>,
        effects: &mut Effects,
    ) -> Option<Next> {
        let group = self.groups.get_mut(at.group)?;
        let plain = members.failures.is_empty()
            && group.queue.is_clear()
            && group.joining.is_empty()
            && !(group.leaving || group.closing || self.closed || !matched);
        match (&mut group.running[..], receipt) {
            ([running], Some(receipt)) if plain && running.unit.is_none() => {
                receipt.handled += running.live;
                let cohort = running.cohort;
                group.cohort_mut(cohort).counts.handled += 1;
                group.running.pop();
                group.idle = Idle::Sync(Some(members));
                self.busy -= 1;
                None
            }
            (_, receipt) => self.finish_rest(at, members, event, matched, receipt, effects),
        }
    }

    #[inline(never)]
    fn finish_rest(
        &mut self,
        at: JobRef,
        mut members: Box<Members>,
        event: &Arc<Stored>,
        matched: bool,
        receipt: Option<&mut Receipt>,
        effects: &mut Effects,
    ) -> Option<Next> {
        let failures = std::mem::take(&mut members.failures);
        let running = self.end_job(at)?;
        let (thread, outcome) = (running.thread, matched.then_some(failures));
        self.settle(at, running, event, outcome, receipt, effects);
        let group = self.groups.get_mut(at.group)?;
        for (key, new) in group.joining.drain(..) {
            new.join(&mut *members.calls);
            group.members.push(key);
        }
        group.idle = Idle::Sync(Some(members));
        self.take_next(at.group, thread, effects)
    }

    /// Ends one event of an async handler for whoever waits for it.
    pub(crate) fn finish_async(
        &mut self,
        core: &Core,
        at: JobRef,
        handler: Box<Handler>,
        event: &Arc<Stored>,
        outcome: Option<Outcome>,
        effects: &mut Effects,
    ) -> Option<Next> {
        let next = self.settle_async(at, handler, event, outcome, None, context::thread(), effects)?;
        if let Some(running) = self.running_mut(JobRef { group: next.group, job: next.job }) {
            running.since = core.tick();
        }
        Some(next)
    }

    /// Ends one event of an async handler that was polled in place.
    #[inline]
    #[expect(clippy::too_many_arguments, reason = "one step for all ways in which an event ends")]
    fn finish_polled(
        &mut self,
        at: JobRef,
        handler: Box<Handler>,
        event: &Arc<Stored>,
        outcome: Option<Outcome>,
        receipt: &mut Receipt,
        thread: u64,
        effects: &mut Effects,
    ) -> Option<Next> {
        let plain = matches!(outcome, Some(Outcome::Handled)) && !self.closed && self.graph.is_empty();
        if let Some(group) = self.groups.get_mut(at.group).filter(|_| plain)
            && let (Idle::Async(idle), [running]) = (&mut group.idle, &group.running[..])
            && group.queue.is_clear()
            && !(group.leaving || group.closing || running.unit.is_some())
        {
            idle.push(handler);
            receipt.handled += 1;
            group.running.pop();
            group.youngest_mut().counts.handled += 1;
            self.busy -= 1;
            return None;
        }
        self.settle_async(at, handler, event, outcome, Some(receipt), thread, effects)
    }

    /// Ends one event of an async handler, and takes up the next one, or leaves the handler idle.
    /// Without an outcome its filter has rejected the event. `thread` holds the next one until its
    /// task has it.
    #[expect(clippy::too_many_arguments, reason = "one step for all ways in which an event ends")]
    fn settle_async(
        &mut self,
        at: JobRef,
        handler: Box<Handler>,
        event: &Arc<Stored>,
        outcome: Option<Outcome>,
        receipt: Option<&mut Receipt>,
        thread: u64,
        effects: &mut Effects,
    ) -> Option<Next> {
        self.graph.end(Node::Job(at));
        let Some(running) = self.end_job(at) else {
            effects.work().closures.push(Box::new(handler));
            return None;
        };
        let outcome = outcome.map(|outcome| match outcome {
            Outcome::Handled => Failures::new(),
            failed => vec![(0, failed)],
        });
        self.settle(at, running, event, outcome, receipt, effects);
        let group = self.groups.get_mut(at.group)?;
        if let Idle::Async(idle) = &mut group.idle {
            idle.push(handler);
        }
        self.take_next(at.group, thread, effects)
    }

    /// Ends a subscription whose runtime is gone with its handler at work.
    pub(crate) fn lose_handler(&mut self, at: JobRef, event: &Arc<Stored>, effects: &mut Effects) {
        self.graph.end(Node::Job(at));
        if let Some(running) = self.end_job(at) {
            self.settle(at, running, event, Some(vec![(0, Outcome::Dropped)]), None, effects);
            self.end_group(at.group, effects);
            self.take_next(at.group, 0, effects);
        }
    }

    fn end_job(&mut self, at: JobRef) -> Option<Running> {
        let group = self.groups.get_mut(at.group)?;
        let position = group.running.iter().position(|running| running.job == at.job)?;
        Some(group.running.swap_remove(position))
    }

    /// Counts what became of one event in each member, and reports it to the publisher. Without
    /// failures the event was not for the group after all.
    fn settle(
        &mut self,
        at: JobRef,
        running: Running,
        event: &Arc<Stored>,
        failures: Option<Failures>,
        receipt: Option<&mut Receipt>,
        effects: &mut Effects,
    ) {
        let Some(group) = self.groups.get_mut(at.group) else { return };
        let Some(failures) = failures else {
            group.cohort_mut(running.cohort).counts.matched -= 1;
            // A member that ended meanwhile has counts of its own.
            let own = group.members.first().and_then(|key| self.subscriptions.get_mut(*key));
            if let Some(Receiver::Handler(member)) = own.map(|found| &mut found.receiver)
                && let Some(last) = &mut member.last
                && let Some(job) = last.jobs.iter().position(|job| *job == at.job)
            {
                last.jobs.swap_remove(job);
                last.counts.matched -= 1;
            }
            if let Some(receipt) = receipt {
                receipt.reached -= running.live;
            }
            effects.wake(running.unit.and_then(Unit::unmatch));
            return;
        };
        group.cohort_mut(running.cohort).counts.handled += 1;
        let mut problems = Vec::new();
        let leaving = group.leaving;
        for (position, outcome) in failures {
            let Some(found) = group.members.get(position).and_then(|key| self.subscriptions.get_mut(*key))
            else {
                continue;
            };
            let Receiver::Handler(member) = &mut found.receiver else { continue };
            let ended = member.last.is_some();
            match &mut member.last {
                Some(last) => {
                    // One that had not begun was counted when it ended.
                    if let Some(job) = last.jobs.iter().position(|job| *job == at.job) {
                        last.jobs.swap_remove(job);
                        last.counts.note(&outcome);
                    }
                }
                None => member.corrections().correct(&Outcome::Handled, &outcome),
            }
            problems.push(Problem::of(&found.info, outcome.clone()));
            // One that has ended is not reported as having failed.
            if !(ended && outcome == Outcome::Dropped) {
                let (info, kind) = (Arc::clone(&found.info), event.body.kind().as_str().to_owned());
                effects.work().reports.push(Report::Failed { info, kind, outcome });
            }
        }
        let handled = running.live - u32::try_from(problems.len()).unwrap_or(u32::MAX);
        if leaving {
            self.settle_left(at);
        }
        match (running.unit, receipt) {
            (Some(unit), _) => {
                effects.wake(unit.settle(Settled { handled, queued: 0, problems }));
            }
            (None, Some(receipt)) => {
                receipt.handled += handled;
                for problem in problems {
                    receipt.problem(problem);
                }
            }
            (None, None) => {}
        }
    }

    /// Counts an event as handled for members that ended while it ran, and were not skipped.
    fn settle_left(&mut self, at: JobRef) {
        let Some(group) = self.groups.get(at.group) else { return };
        for key in group.keys() {
            let Some(Receiver::Handler(member)) =
                self.subscriptions.get_mut(key).map(|found| &mut found.receiver)
            else {
                continue;
            };
            if let Some(last) = &mut member.last
                && let Some(job) = last.jobs.iter().position(|job| *job == at.job)
            {
                last.jobs.swap_remove(job);
                if !failpoint("leaver_uncounted") {
                    last.counts.note(&Outcome::Handled);
                }
            }
        }
    }

    /// Takes the next event of a group out of its queue, with what runs it; without one the group
    /// is left idle.
    pub(crate) fn take_next(&mut self, key: Key, thread: u64, effects: &mut Effects) -> Option<Next> {
        self.sweep(key, effects);
        let Some(group) = self.groups.get_mut(key) else {
            self.busy -= 1;
            self.wake_closers(effects);
            return None;
        };
        if !failpoint("next_lost")
            && let Some(mut queued) = group.queue.pop()
        {
            let gaps = queued.gaps.take();
            self.report_gaps(key, &gaps, Some(&queued.event), effects);
            let job = self.new_job();
            let group = self.groups.get_mut(key)?;
            group.cohort_mut(queued.cohort).queued -= 1;
            // An event of history took no capacity.
            if !queued.replay {
                let capacity = group.queue.bounds().capacity;
                group.senders.pop(capacity, effects);
            }
            let claimed = group.claim()?;
            let phase = if group.is_sync() { Phase::Active } else { Phase::Queued };
            let Queued { cohort, live, .. } = queued;
            let unit = queued.unit.take();
            let seq = queued.event.head.seq();
            group.running.push(Running { job, cohort, live, seq, thread, phase, since: 0, unit });
            return Some(Next { group: key, job, claimed, queued });
        }
        let gaps = group.queue.take_tail();
        let idle = group.running.is_empty();
        let ends = idle && group.closing;
        self.report_gaps(key, &gaps, None, effects);
        if idle {
            self.busy -= 1;
            if ends {
                self.end_group(key, effects);
            }
        }
        self.wake_closers(effects);
        None
    }

    /// Starts the handlers of a subscription that has read history on what waits for it.
    pub(crate) fn start_all(&mut self, subscription: Key, thread: u64, effects: &mut Effects) -> Vec<Next> {
        let Some(Receiver::Handler(member)) =
            self.subscriptions.get(subscription).map(|found| &found.receiver)
        else {
            return Vec::new();
        };
        let key = member.group;
        let idle = |state: &Self| {
            state.groups.get(key).is_some_and(|group| match &group.idle {
                Idle::Sync(members) => members.is_some(),
                Idle::Async(handlers) => !handlers.is_empty(),
            })
        };
        let mut all = Vec::new();
        self.busy += 1;
        // One turn more than there are events: the last one reports a gap that nothing follows.
        while idle(self) {
            match self.take_next(key, thread, effects) {
                Some(next) => all.push(next),
                None => break,
            }
        }
        all
    }

    fn report_gaps(&self, key: Key, gaps: &Gaps, event: Option<&Arc<Stored>>, effects: &mut Effects) {
        if gaps.is_empty() {
            return;
        }
        let Some(group) = self.groups.get(key) else { return };
        for member in group.keys() {
            let Some(found) = self.subscriptions.get(member) else { continue };
            let Receiver::Handler(membership) = &found.receiver else { continue };
            if let Some(gap) = gaps.of(membership.cohort).filter(|_| membership.last.is_none()) {
                effects.work().lags.push((Arc::clone(&found.info), gap, event.cloned()));
            }
        }
    }

    /// Gives an async handler that is not done a unit of what is pending. `begun` is its permit, if
    /// it was polled. Returns whether it is still there.
    fn promise_async(
        &mut self,
        at: JobRef,
        pending: &Arc<crate::delivery::pending::Pending>,
        begun: Option<Permit>,
        tick: u64,
        effects: &mut Effects,
    ) -> bool {
        let target = crate::delivery::routes::Target::Group(at.group);
        let Some(group) = self.groups.get_mut(at.group) else { return false };
        let closed = self.closed && group.live == 0;
        let Some(running) = group.running.iter_mut().find(|running| running.job == at.job) else {
            return false;
        };
        running.thread = 0;
        running.since = tick;
        running.phase = match begun {
            Some(Permit::Held) => Phase::Active,
            Some(_) => Phase::Waiting,
            // Where the bus was closed meanwhile, this was reported as being at work.
            None if closed && running.has_begun() => Phase::Active,
            None => Phase::Queued,
        };
        running.unit = Some(pending.unit(target, running.live));
        let node = running.node(at.group);
        if self.graph.awaits_event(node) {
            self.await_event(node, effects);
        }
        true
    }
}
