//! Batches: what a call takes from the queue, and what became of each of its events.

use std::sync::Arc;

use crate::delivery::batch::{Batching, Failed};
use crate::delivery::context::JobRef;
use crate::delivery::effects::{Effects, Report};
use crate::delivery::gaps::Gaps;
use crate::delivery::group::{Group, Running};
use crate::delivery::outcome::Outcome;
use crate::delivery::pending::{Pending, Settled};
use crate::delivery::receipt::{Problem, Receipt};
use crate::delivery::routes::Target;
use crate::delivery::slab::{Key, Slab};
use crate::delivery::state::State;
use crate::delivery::subscription::{Receiver, Subscription};
use crate::delivery::task::Slot;
use crate::event::{EventId, Stored};
use crate::sync::Instant;

impl Subscription {
    /// Ends the wait of its batch handler for more events.
    pub(crate) fn hurry(&self, groups: &mut Slab<Group>, effects: &mut Effects) {
        if let Receiver::Handler(member) = &self.receiver
            && let Some(batch) = groups.get_mut(member.group).and_then(|group| group.batch.as_mut())
        {
            batch.hurry(effects);
        }
    }
}

impl State {
    /// Takes what waits behind the event that a batch handler is about to be called with, as far
    /// as it fits into one call. `run` is that of the bus.
    pub(crate) fn gather(
        &mut self,
        run: u64,
        at: JobRef,
        first: &Stored,
        batching: &Batching,
        effects: &mut Effects,
    ) {
        let (mut rest, mut gaps, mut units) = (Vec::new(), Vec::new(), Vec::new());
        let (mut left, limits) = (batching.limits.bytes.saturating_sub(first.bytes()), batching.limits);
        while let Some(group) = self.groups.get_mut(at.group)
            && rest.len() + 1 < limits.events
            // An event whose filter is still to be asked begins a batch of its own, and so does the
            // first one behind the past.
            && group.queue.front().is_some_and(|next| {
                next.event.bytes() <= left && !next.ask && !next.gaps.is_live()
            })
            && let Some(mut queued) = group.pop(effects)
        {
            left -= queued.event.bytes();
            let before = queued.gaps.take();
            gaps.extend(before.of(0).map(|gap| (rest.len() + 1, gap)));
            self.report_gaps(at.group, &before, Some(&queued.event), effects);
            units.push(queued.unit.take());
            rest.push(queued.event);
        }
        let newest = EventId::new(run, self.next_seq - 1);
        let Some(group) = self.groups.get_mut(at.group) else { return };
        let next = group.queue.front();
        let next = next.map(|next| next.gaps.of(0).map_or(next.event.head.cursor(), |gap| gap.from));
        // One that catches up reads on behind its last event.
        let newest =
            if group.catches_up { rest.last().map_or(first, |last| last).head.cursor() } else { newest };
        let through = next.map_or(newest, |next| EventId::new(next.run(), next.seq().saturating_sub(1)));
        let tail = if next.is_none() { group.queue.take_tail_of_past() } else { Gaps::default() };
        gaps.extend(tail.of(0).map(|gap| (rest.len() + 1, gap)));
        if let Some(batch) = &mut group.batch {
            batch.begin(units, &group.queue);
        }
        self.report_gaps(at.group, &tail, None, effects);
        batching.gather(rest, gaps, through);
    }

    /// Adds a gap before the next call of a batch handler.
    pub(super) fn mark_gap(&self, key: Key, gaps: &Gaps) {
        if let Some(gap) = gaps.of(0)
            && let Some(batch) = self.groups.get(key).and_then(|group| group.batch.as_ref())
        {
            batch.batching.mark_gap(gap);
        }
    }

    /// Until when the task of a batch handler waits for more events before it begins; `None` where
    /// it begins now.
    pub(crate) fn linger(&mut self, at: JobRef, first: &Stored, slot: &Arc<Slot>) -> Option<Instant> {
        let closed = self.closed;
        let group = self.groups.get_mut(at.group)?;
        // More of the past is read when nothing waits any more.
        if closed || group.closing || group.catches_up || group.live == 0 {
            return None;
        }
        group.batch.as_mut()?.linger(&group.queue, first.bytes(), slot)
    }

    /// Ends the wait for more events of batches that have an event of this publish: somebody waits
    /// for it.
    pub(crate) fn hurry(&mut self, pending: &Arc<Pending>, effects: &mut Effects) {
        if self.lingering == 0 {
            return;
        }
        for (receiver, _) in pending.receivers() {
            let Target::Group(key) = receiver else { continue };
            let Some(group) = self.groups.get_mut(key) else { continue };
            let first = group.running.first().filter(|running| !running.has_begun());
            let first = first.and_then(|running| running.unit.as_ref());
            if let Some(batch) = &mut group.batch {
                batch.await_event(pending, first, &mut group.queue, effects);
            }
        }
    }

    /// Moves the position of a consumer behind the events that were handled before the first one
    /// that was not, which comes again.
    fn move_consumer(
        &mut self,
        group: Key,
        first: &Arc<Stored>,
        rest: &[Arc<Stored>],
        failed: &Failed,
        effects: &mut Effects,
    ) {
        let cursor = |index: usize| index.checked_sub(1).map_or(first, |at| &rest[at]).head.cursor();
        let handled = failed.first().map_or(rest.len() + 1, |(index, _)| *index);
        if handled > 0 {
            self.settle_consumer(group, cursor(handled - 1), None, effects);
        }
        if handled <= rest.len() {
            self.settle_consumer(group, cursor(handled), Some(failed), effects);
        }
    }

    /// Counts what became of each event of one call, by the outcome of the call, and reports it to
    /// the publishers. A receipt is that of the first event.
    pub(super) fn settle_batch(
        &mut self,
        at: JobRef,
        running: Running,
        event: &Arc<Stored>,
        outcome: &Outcome,
        mut receipt: Option<&mut Receipt>,
        effects: &mut Effects,
    ) {
        let batch = self.groups.get_mut(at.group).and_then(|group| group.batch.as_mut());
        let Some(batch) = batch else { return };
        let ((rest, failed), units) = (batch.batching.finish(outcome), std::mem::take(&mut batch.units));
        self.move_consumer(at.group, event, &rest, &failed, effects);
        let Self { groups, subscriptions, .. } = self;
        let Some(group) = groups.get_mut(at.group) else { return };
        let own = group.members.first().and_then(|key| subscriptions.get_mut(*key));
        let Some(found) = own else { return };
        let Receiver::Handler(member) = &mut found.receiver else { return };
        let (info, ended) = (&found.info, member.last.is_some());
        let mut counts = match &mut member.last {
            None => Some(&mut group.cohort_mut(running.cohort).counts),
            // One that had not begun was counted when it ended.
            Some(last) => last.end(at.job).then_some(&mut last.counts),
        };
        if let Some((index, outcome)) = failed.first()
            && !(ended && *outcome == Outcome::Dropped)
        {
            let kind =
                index.checked_sub(1).map_or(event, |index| &rest[index]).body.kind().as_str().to_owned();
            let (info, outcome) = (Arc::clone(info), outcome.clone());
            effects.work().reports.push(Report::Failed { info, kind, outcome, events: failed.len() });
        }
        let mut failed = failed.into_iter().peekable();
        for (index, unit) in std::iter::once(running.unit).chain(units).enumerate() {
            let outcome = failed.next_if(|(at, _)| *at == index).map(|(_, outcome)| outcome);
            if let Some(counts) = &mut counts {
                counts.note(outcome.as_ref().unwrap_or(&Outcome::Handled));
            }
            let problem = outcome.map(|outcome| Problem::of(info, outcome));
            let receipt = receipt.take();
            match (unit, problem, receipt) {
                (Some(unit), None, _) => effects.wake(unit.settle_handled()),
                (Some(unit), Some(problem), _) => {
                    effects.wake(unit.settle(Settled { problems: vec![problem], ..Settled::default() }));
                }
                (None, None, Some(receipt)) => receipt.handled += 1,
                (None, Some(problem), Some(receipt)) => receipt.problem(problem),
                (None, _, None) => {}
            }
        }
        effects.drop_later(rest);
    }
}
