//! How subscriptions end, and what becomes of the events that waited for them.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::delivery::effects::{Effects, Report};
use crate::delivery::group::{Group, Idle, Last, Phase};
use crate::delivery::outcome::Outcome;
use crate::delivery::pending::Settled;
use crate::delivery::queue::{Queue, Queued};
use crate::delivery::receipt::Problem;
use crate::delivery::routes::{Listed, Target};
use crate::delivery::slab::Key;
use crate::delivery::state::State;
use crate::delivery::subscription::{Info, Life, Receiver, Subscription};
use crate::sync::failpoint;

impl State {
    /// Ends a subscription: it takes no more events, what waits for it is dropped and counted, and
    /// it is removed when what runs has run. Returns whether it was there.
    pub(crate) fn end(&mut self, key: Key, effects: &mut Effects) -> bool {
        let Some(found) = self.subscriptions.get_mut(key) else { return false };
        let before = std::mem::replace(&mut found.life, Life::Ended);
        if before == Life::Ended {
            return false;
        }
        let (id, asks) = (found.info.id, !found.info.predicates.is_empty());
        let stream = matches!(found.receiver, Receiver::Stream(_));
        self.ids.remove(&id);
        self.predicates -= usize::from(asks && before != Life::Closing);
        if stream {
            self.end_stream(key, before, effects);
        } else {
            self.leave_group(key, effects);
        }
        self.wake_closers(effects);
        true
    }

    /// Ends every subscription of a group.
    pub(crate) fn end_group(&mut self, group: Key, effects: &mut Effects) {
        let members: Vec<_> = self.groups.get(group).into_iter().flat_map(Group::keys).collect();
        for member in members {
            self.end(member, effects);
        }
    }

    fn leave_group(&mut self, key: Key, effects: &mut Effects) {
        let Self { subscriptions, groups, permits, .. } = self;
        let Some(found) = subscriptions.get_mut(key) else { return };
        let Receiver::Handler(membership) = &mut found.receiver else { return };
        let (at, cohort) = (membership.group, membership.cohort);
        let Some(group) = groups.get_mut(at) else { return };
        let mut counts = group.counts_of(membership);
        let mut dropped = 0;
        for queued in group.queue.iter_mut().filter(|queued| queued.cohort >= cohort) {
            dropped += 1;
            queued.live -= 1;
            if let Some(unit) = queued.unit.as_ref().filter(|_| !failpoint("leaver_unsettled")) {
                unit.settle_one(Problem::of(&found.info, Outcome::Dropped));
            }
        }
        if !failpoint("drop_uncounted") {
            counts.dropped += dropped;
        }
        let mut jobs = SmallVec::new();
        for running in group.running.iter_mut().filter(|running| running.cohort >= cohort) {
            if running.has_begun() {
                jobs.push(running.job);
                continue;
            }
            // It will not begin any more, and is dropped with what waits.
            counts.dropped += 1;
            if let Some(unit) = running.unit.take() {
                let problems = vec![Problem::of(&found.info, Outcome::Dropped)];
                effects.wake(unit.settle(Settled { problems, ..Settled::default() }));
            }
        }
        membership.last = Some(Box::new(Last { counts, jobs }));
        if let Some(events) = group.loss.due(group.live == 1) {
            let report = Report::Lost { info: Arc::clone(&found.info), events };
            effects.work().reports.push(report);
        }
        group.live -= 1;
        group.leaving = true;
        if group.running.iter().any(|running| running.phase == Phase::Queued) {
            effects.wake(permits.waiting_of(at));
            group.batch.iter_mut().for_each(|batch| batch.hurry(effects));
        }
        if group.live == 0 {
            let info = Arc::clone(&found.info);
            self.end_queue(at, &info, effects);
        }
        self.sweep(at, effects);
    }

    /// Ends the queue of a group that has no member left.
    fn end_queue(&mut self, key: Key, info: &Info, effects: &mut Effects) {
        let Some(group) = self.groups.get_mut(key) else { return };
        for mut queued in group.queue.drain() {
            if let Some(unit) = queued.unit.take() {
                effects.wake(unit.settle(Settled::default()));
            }
            effects.work().queued.push(queued);
        }
        group.clear_queued();
        group.senders.release_all(effects);
        if std::mem::take(&mut group.replays) {
            self.busy -= 1;
        } else if !group.closing && !group.catches_up {
            self.unroute(key, info);
        }
    }

    /// Takes a group out of the routes.
    pub(crate) fn unroute(&mut self, key: Key, info: &Info) {
        let Self { routes, groups, .. } = self;
        let listed = groups.get(key).map_or(Listed::Filtered, |group| group.listed);
        routes.each_index(&info.kinds, |index| {
            let lives = |target| lives(groups, &self.subscriptions, target, Target::Group(key));
            index.forget_group(listed, &info.wanted, key, lives);
        });
        routes.forget_unused(&info.kinds);
    }

    /// Takes a stream out of the routes.
    pub(crate) fn unroute_stream(&mut self, key: Key, info: &Info) {
        let Self { routes, groups, subscriptions, .. } = self;
        routes.each_index(&info.kinds, |index| {
            index.forget(&info.wanted, |target| lives(groups, subscriptions, target, Target::Stream(key)));
        });
        routes.forget_unused(&info.kinds);
    }

    /// Lets no more events reach a group; it ends when its queue is empty.
    pub(crate) fn close_group(&mut self, key: Key, effects: &mut Effects) {
        let members: Vec<_> = self.groups.get(key).into_iter().flat_map(Group::keys).collect();
        let mut info = None;
        for member in members {
            let Some(found) = self.subscriptions.get_mut(member) else { continue };
            if found.life == Life::Open {
                found.life = Life::Closing;
                self.predicates -= usize::from(!found.info.predicates.is_empty());
                info = Some(Arc::clone(&found.info));
            }
        }
        if let Some(info) = info {
            self.unroute(key, &info);
            if let Some(group) = self.groups.get_mut(key) {
                (group.closing, group.alike) = (true, None);
                group.batch.iter_mut().for_each(|batch| batch.hurry(effects));
            }
        }
    }

    /// Takes members out that have ended and whose last event has run. The group must be idle for
    /// that; while it runs they keep their positions.
    pub(crate) fn sweep(&mut self, key: Key, effects: &mut Effects) {
        let Some(group) = self.groups.get_mut(key) else { return };
        if !group.leaving || failpoint("member_unswept") {
            return;
        }
        let gone = |subscriptions: &crate::delivery::slab::Slab<Subscription>, key: Key| {
            subscriptions.get(key).is_none_or(|found| match &found.receiver {
                Receiver::Handler(member) => member.last.as_ref().is_some_and(|last| last.jobs.is_empty()),
                Receiver::Stream(_) => false,
            })
        };
        let mut buried: SmallVec<[Key; 1]> = SmallVec::new();
        // One that has not joined yet has never run.
        let joining = std::mem::take(&mut group.joining);
        for (member, new) in joining {
            if gone(&self.subscriptions, member) {
                effects.work().closures.push(Box::new(new.into_closure()));
                buried.push(member);
            } else {
                group.joining.push((member, new));
            }
        }
        let idle = group.running.is_empty();
        match &mut group.idle {
            Idle::Sync(Some(members)) if idle => {
                for at in (0..group.members.len()).rev() {
                    if gone(&self.subscriptions, group.members[at]) {
                        effects.work().closures.push(members.calls.remove(at));
                        buried.push(group.members.remove(at));
                    }
                }
                group.leaving = false;
            }
            Idle::Async(handlers) => {
                let handlers = handlers.drain(..).map(|handler| Box::new(handler) as _);
                effects.work().closures.extend(handlers);
                if idle {
                    buried.extend(group.members.drain(..));
                }
            }
            Idle::Sync(_) => {}
        }
        let empty = idle && group.members.is_empty() && group.joining.is_empty();
        if empty {
            let gone = self.groups.remove(key);
            let lingers = gone.is_some_and(|gone| gone.batch.is_some_and(|batch| batch.may_linger()));
            self.lingering -= usize::from(lingers);
        }
        for key in buried {
            self.bury(key, effects);
        }
    }

    /// Removes a subscription that has ended, and adds its counts to those of all that have.
    pub(crate) fn bury(&mut self, key: Key, effects: &mut Effects) {
        let Some(gone) = self.subscriptions.remove(key) else { return };
        if let Some(consumer) = gone.catch_up.as_ref().and_then(|past| past.consumer.as_ref()) {
            self.consumers.retain(|name| name != consumer.name());
        }
        match &gone.receiver {
            Receiver::Handler(member) => {
                let counts = member.last.as_ref().map(|last| last.counts).unwrap_or_default();
                self.totals.ended.add(&counts);
            }
            Receiver::Stream(stream) => self.totals.ended.add(&stream.counts),
        }
        effects.work().subscriptions.push(gone);
    }

    /// The problem of each member that an event was for, and that lives.
    pub(crate) fn problems_of(&self, key: Key, cohort: u32, outcome: &Outcome) -> Vec<Problem> {
        let Some(group) = self.groups.get(key) else { return Vec::new() };
        let member = |key: Key| {
            let found = self.subscriptions.get(key)?;
            let Receiver::Handler(member) = &found.receiver else { return None };
            let concerned = member.cohort <= cohort && member.last.is_none();
            concerned.then(|| Problem::of(&found.info, outcome.clone()))
        };
        group.keys().filter_map(member).collect()
    }

    /// Settles an event that a group's queue lost, for all members that it was for.
    pub(crate) fn settle_lost(
        &mut self,
        key: Key,
        mut queued: Queued,
        outcome: &Outcome,
        effects: &mut Effects,
    ) {
        let unit = queued.unit.take();
        let problems =
            if unit.is_some() { self.problems_of(key, queued.cohort, outcome) } else { Vec::new() };
        if let Some(unit) = unit {
            effects.wake(unit.settle(Settled { problems, ..Settled::default() }));
        }
        self.count_lost(key, queued.cohort, outcome, effects);
        effects.work().queued.push(queued);
    }

    /// Counts an event that a group did not get, and reports the loss.
    pub(crate) fn count_lost(&mut self, key: Key, cohort: u32, outcome: &Outcome, effects: &mut Effects) {
        let Some(group) = self.groups.get_mut(key) else { return };
        group.cohort_mut(cohort).counts.note(outcome);
        if *outcome != Outcome::Overflowed {
            return;
        }
        if let Some(events) = group.loss.note() {
            let infos =
                group.members.iter().filter_map(|key| Some(Arc::clone(&self.subscriptions.get(*key)?.info)));
            effects.work().reports.extend(infos.map(|info| Report::Lost { info, events }));
        }
    }
}

/// Whether a receiver is still routed, apart from the one that is being taken out.
fn lives(
    groups: &crate::delivery::slab::Slab<Group>,
    subscriptions: &crate::delivery::slab::Slab<Subscription>,
    target: Target,
    ending: Target,
) -> bool {
    target != ending
        && match target {
            Target::Group(key) => groups.get(key).is_some_and(|group| group.live > 0 && !group.closing),
            Target::Stream(key) => subscriptions.get(key).is_some_and(|found| found.life == Life::Open),
        }
}

/// Adds what the cohorts of an idle group count to its members' own counts.
pub(super) fn fold(group: &mut Group, subscriptions: &mut crate::delivery::slab::Slab<Subscription>) {
    for key in &group.members {
        let Some(Receiver::Handler(member)) = subscriptions.get_mut(*key).map(|found| &mut found.receiver)
        else {
            continue;
        };
        let counts = group.counts_of(member);
        *member.corrections() = counts;
        member.cohort = 0;
    }
    group.reset_cohorts();
}

/// Whether the phase of an event at work counts as waiting.
pub(crate) fn is_waiting(phase: Phase) -> bool {
    matches!(phase, Phase::Queued | Phase::Permit)
}

impl State {
    /// Takes everything out, to be dropped outside the lock.
    pub(crate) fn tear_down(&mut self, run: u64, effects: &mut Effects) {
        let streams: Vec<_> =
            self.subscriptions.iter().filter(|(_, found)| found.stream().is_some()).collect();
        let streams: Vec<_> = streams.into_iter().map(|(key, _)| key).collect();
        for key in streams {
            self.detach(key, effects);
            self.leave_past(run, key);
            let Some(stream) = self.subscriptions.get_mut(key).and_then(Subscription::stream_mut) else {
                continue;
            };
            let unread = std::mem::replace(&mut stream.queue, Queue::empty());
            effects.wake(stream.shared.leave(Some(Box::new(unread))));
            effects.wake(stream.waker.take());
        }
        let groups: Vec<_> = self.groups.iter().map(|(key, _)| key).collect();
        for mut group in groups.into_iter().filter_map(|key| self.groups.remove(key)) {
            effects.work().queued.extend(group.queue.drain());
            match group.idle {
                Idle::Sync(Some(mut members)) => {
                    let closures = (0..group.members.len()).rev().map(|at| members.calls.remove(at));
                    effects.work().closures.extend(closures);
                }
                Idle::Sync(None) => {}
                Idle::Async(handlers) => {
                    let handlers = handlers.into_iter().map(|handler| Box::new(handler) as _);
                    effects.work().closures.extend(handlers);
                }
            }
            let joining = group.joining.into_iter().map(|(_, new)| new.into_closure());
            effects.work().closures.extend(joining);
        }
        let all: Vec<_> = self.subscriptions.iter().map(|(key, _)| key).collect();
        let all = all.into_iter().filter_map(|key| self.subscriptions.remove(key));
        let all: Vec<_> = all.collect();
        effects.work().subscriptions.extend(all);
        let retained: Vec<_> =
            self.history.drain().chain(self.pairs.drain()).chain(self.latest.drain()).collect();
        effects.drop_later(retained);
    }
}
