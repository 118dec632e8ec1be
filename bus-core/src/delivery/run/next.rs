//! Taking up the next event that waits for a group.

use std::sync::Arc;

use crate::delivery::effects::Effects;
use crate::delivery::gaps::Gaps;
use crate::delivery::group::{Idle, Phase, Running};
use crate::delivery::pending::Pending;
use crate::delivery::routes::Target;
use crate::delivery::run::Next;
use crate::delivery::slab::Key;
use crate::delivery::state::State;
use crate::delivery::subscription::Receiver;
use crate::delivery::task::Handler;
use crate::event::Stored;
use crate::sync::failpoint;

impl State {
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
            && let Some(mut queued) = group.pop(effects)
        {
            let gaps = queued.gaps.take();
            self.mark_gap(key, &gaps);
            self.report_gaps(key, &gaps, Some(&queued.event), effects);
            let group = self.groups.get_mut(key)?;
            if let Some(batch) = &mut group.batch {
                batch.take_up(queued.awaited);
            }
            let claimed = group.claim()?;
            let phase = if group.is_sync() { Phase::Active } else { Phase::Queued };
            let (job, cohort, live) = (queued.event.head.seq(), queued.cohort, queued.live);
            let unit = queued.unit.take();
            group.running.push(Running { job, cohort, live, thread, phase, since: 0, unit });
            return Some(Next { group: key, claimed, queued });
        }
        let gaps = group.queue.take_tail();
        group.batch.iter_mut().for_each(|batch| batch.rest());
        let idle = group.running.is_empty();
        let ends = idle && group.closing;
        self.mark_gap(key, &gaps);
        self.report_gaps(key, &gaps, None, effects);
        if idle {
            self.busy -= 1;
            if ends {
                self.end_group(key, effects);
            }
            self.want_past_of(key, effects);
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

    pub(super) fn report_gaps(
        &self,
        key: Key,
        gaps: &Gaps,
        event: Option<&Arc<Stored>>,
        effects: &mut Effects,
    ) {
        if gaps.is_empty() {
            return;
        }
        let Some(group) = self.groups.get(key) else { return };
        for member in group.keys() {
            let Some(found) = self.subscriptions.get(member) else { continue };
            let Receiver::Handler(membership) = &found.receiver else { continue };
            if membership.last.is_some() {
                continue;
            }
            let live = gaps.is_live().then_some(None);
            for lag in gaps.of(membership.cohort).map(Some).into_iter().chain(live) {
                effects.work().lags.push((Arc::clone(&found.info), lag, event.cloned()));
            }
        }
    }

    /// Gives an async handler that is not done a unit of what is pending. Returns whether it is
    /// still there.
    pub(super) fn promise_async(
        &mut self,
        handler: &Handler,
        pending: &Arc<Pending>,
        tick: u64,
        effects: &mut Effects,
    ) -> bool {
        let at = handler.at();
        let Some(group) = self.groups.get_mut(at.group) else { return false };
        let closed = self.closed && group.live == 0;
        let Some(running) = group.running.iter_mut().find(|running| running.job == at.job) else {
            return false;
        };
        running.since = tick;
        running.phase = match handler.phase() {
            // Where the bus was closed meanwhile, this was reported as being at work.
            Phase::Queued if closed && running.has_begun() => Phase::Active,
            phase => phase,
        };
        running.unit = Some(pending.unit(Target::Group(at.group), running.live));
        self.leave_thread(at, effects);
        true
    }
}
