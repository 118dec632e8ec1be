//! Settling what became of an event that a group has run.

use std::sync::Arc;

use crate::delivery::context::{JobRef, Node};
use crate::delivery::effects::{Effects, Report};
use crate::delivery::group::{Failures, Idle, Members, Running};
use crate::delivery::outcome::Outcome;
use crate::delivery::pending::{Settled, Unit};
use crate::delivery::receipt::{Problem, Receipt};
use crate::delivery::run::Claim;
use crate::delivery::run::Next;
use crate::delivery::slab::Key;
use crate::delivery::state::State;
use crate::delivery::subscription::Receiver;
use crate::delivery::task::{Handler, Handlers};
use crate::event::Stored;
use crate::sync::{Id, failpoint};

impl State {
    /// Ends one event of a group that a publish has run, if it has run it.
    #[inline]
    pub(super) fn finish_claim(
        &mut self,
        claim: &mut Claim,
        event: &Arc<Stored>,
        receipt: &mut Receipt,
        effects: &mut Effects,
    ) -> Option<Next> {
        if !claim.in_place {
            return None;
        }
        let (at, matched) = (JobRef::new(claim.group, event), !claim.rejected);
        self.finish_sync(at, claim.members.take()?, event, matched, Some(receipt), effects)
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

    /// Ends one event of an async handler, and takes up the next one, or leaves the handler idle.
    /// Without an outcome its filter has rejected the event. Without a receipt the result is
    /// settled for whoever waits for it. `thread` holds the next one until its task has it.
    #[inline]
    pub(crate) fn finish_async(
        &mut self,
        handler: Box<Handler>,
        event: &Arc<Stored>,
        outcome: Option<Outcome>,
        receipt: Option<&mut Receipt>,
        thread: u64,
        effects: &mut Effects,
    ) -> Option<Next> {
        let is_handled = matches!(outcome, Some(Outcome::Handled));
        match (if is_handled { self.put_back(handler) } else { Err(handler) }, receipt) {
            (Ok(_), Some(receipt)) => receipt.handled += 1,
            (Ok(unit), None) => effects.wake(unit.and_then(Unit::settle_handled)),
            (Err(handler), receipt) => {
                return self.settle_async(handler, event, outcome, receipt, thread, effects);
            }
        }
        None
    }

    /// Ends an event that an async handler has handled, and leaves the handler idle. It comes back
    /// where there is more to do than that.
    #[inline]
    fn put_back(&mut self, handler: Box<Handler>) -> Result<Option<Unit>, Box<Handler>> {
        let at = handler.at();
        self.graph.end(Node::Job(at));
        match self.groups.get_mut(at.group) {
            Some(group) if !self.closed => {
                let unit = group.put_back(handler)?;
                self.busy -= 1;
                Ok(unit)
            }
            _ => Err(handler),
        }
    }

    /// The same for handlers that were claimed together, if all of them have handled the event.
    /// Where they come back, they are in their groups one by one from now on.
    pub(super) fn put_back_all(
        &mut self,
        index: usize,
        job: u64,
        handlers: Handlers,
        all: bool,
    ) -> Result<(), Handlers> {
        let left = if all { self.idle.put_back(index, job, handlers) } else { Err(handlers) };
        if left.is_err() {
            self.busy += self.idle.split(index, &mut self.groups);
        }
        left
    }

    /// Lets the async handlers of an index be claimed together, if all of them are idle.
    #[cold]
    pub(super) fn join_idle(&mut self, index: usize, on: Option<Id>) {
        let Self { routes, groups, idle, .. } = self;
        let lives = |key: &Key| groups.get(*key).is_some_and(|group| group.live > 0);
        let keys = routes.index(index).handlers().filter(lives).collect();
        idle.join(index, on, groups, keys);
    }

    #[inline(never)]
    pub(crate) fn settle_async(
        &mut self,
        handler: Box<Handler>,
        event: &Arc<Stored>,
        outcome: Option<Outcome>,
        receipt: Option<&mut Receipt>,
        thread: u64,
        effects: &mut Effects,
    ) -> Option<Next> {
        let at = handler.at();
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
        let Some(group) = self.groups.get(at.group) else { return };
        let (batches, catches_up) = (group.batch.is_some(), group.catches_up);
        if let Some(failures) = failures.as_ref().filter(|_| batches) {
            let outcome = failures.first().map_or(Outcome::Handled, |(_, outcome)| outcome.clone());
            return self.settle_batch(at, running, event, &outcome, receipt, effects);
        }
        if catches_up {
            self.settle_consumer(at.group, event.head.cursor(), failures.as_ref(), effects);
        }
        let Some(group) = self.groups.get_mut(at.group) else { return };
        let Some(failures) = failures else { return self.unmatch(at, running, receipt, effects) };
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
                    if last.end(at.job) {
                        last.counts.note(&outcome);
                    }
                }
                None => member.corrections().correct(&Outcome::Handled, &outcome),
            }
            problems.push(Problem::of(&found.info, outcome.clone()));
            // One that has ended is not reported as having failed.
            if !(ended && outcome == Outcome::Dropped) {
                let (info, kind) = (Arc::clone(&found.info), event.body.kind().as_str().to_owned());
                effects.work().reports.push(Report::Failed { info, kind, outcome, events: 1 });
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

    /// Takes an event back that was not for the group after all.
    fn unmatch(
        &mut self,
        at: JobRef,
        running: Running,
        receipt: Option<&mut Receipt>,
        effects: &mut Effects,
    ) {
        let Some(group) = self.groups.get_mut(at.group) else { return };
        group.cohort_mut(running.cohort).counts.matched -= 1;
        // A member that ended meanwhile has counts of its own.
        let own = group.members.first().and_then(|key| self.subscriptions.get_mut(*key));
        if let Some(Receiver::Handler(member)) = own.map(|found| &mut found.receiver)
            && let Some(last) = &mut member.last
            && last.end(at.job)
        {
            last.counts.matched -= 1;
        }
        if let Some(receipt) = receipt {
            receipt.reached -= running.live;
        }
        effects.wake(running.unit.and_then(Unit::unmatch));
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
                && last.end(at.job)
                && !failpoint("leaver_uncounted")
            {
                last.counts.note(&Outcome::Handled);
            }
        }
    }
}
