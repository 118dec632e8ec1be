//! Settling what became of an event that a group has run.

use std::sync::Arc;

use crate::delivery::context::{self, JobRef, Node};
use crate::delivery::core::Core;
use crate::delivery::effects::{Effects, Report};
use crate::delivery::group::{Claimed, Failures, Idle, Members, Running};
use crate::delivery::outcome::Outcome;
use crate::delivery::pending::{Settled, Unit};
use crate::delivery::receipt::{Problem, Receipt};
use crate::delivery::run::Claim;
use crate::delivery::run::Next;
use crate::delivery::state::State;
use crate::delivery::subscription::Receiver;
use crate::delivery::task::Handler;
use crate::event::Stored;
use crate::sync::failpoint;

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
    pub(super) fn finish_polled(
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
}
