//! How subscriptions join groups, and how they end.

mod leave;

pub(crate) use leave::is_waiting;

use std::sync::Arc;

use smallvec::SmallVec;

use crate::delivery::group::{Alike, Group, GroupBatch, Idle, Members, Membership, NOBODY, NewMember};
use crate::delivery::overflow::Overflow;
use crate::delivery::queue::Bounds;
use crate::delivery::routes::Listed;
use crate::delivery::slab::Key;
use crate::delivery::state::State;
use crate::delivery::subscription::{Info, Life, Receiver, Subscription};
use crate::delivery::task::{AsyncRunner, Handler};
use crate::sync::Gauge;
use leave::fold;

/// After this many cohorts an idle group folds them into its members' own counts.
const COHORTS: usize = 64;

impl State {
    /// Adds a sync handler: to the group of those like it, or as a group of its own where it has a
    /// filter or reads history first.
    pub(crate) fn add_sync(
        &mut self,
        info: &Arc<Info>,
        mut member: Box<dyn NewMember>,
        bounds: Bounds,
        replays: bool,
    ) -> Key {
        // History comes before what is published from now on.
        member.enter(info, if replays { 0 } else { self.next_seq });
        let alike = Alike { set: member.set(), bounds };
        // One that can leave the live events has a queue of its own.
        let shared = info.shares() && !replays && bounds.overflow != Overflow::CatchUp;
        let known = if shared { self.find_group(info, &alike) } else { None };
        let Some(group) = known else {
            let at = Arc::new(Gauge::new(NOBODY));
            let calls = member.into_calls();
            let members =
                Members { calls, at: Arc::clone(&at), failures: Vec::new(), batch: info.batch.clone() };
            let mut group = Group::new(info.kinds.clone(), bounds, Idle::Sync(Some(Box::new(members))), at);
            group.alike = shared.then_some(alike);
            group.listed = if shared { Listed::Shared } else { Listed::Filtered };
            let group = self.add_group(info, group, replays);
            let key = self.add_membership(info, group, replays);
            self.groups.get_mut(group).into_iter().for_each(|group| group.members.push(key));
            return key;
        };
        let key = self.add_membership(info, group, false);
        let Some(found) = self.groups.get_mut(group) else { return key };
        if let Idle::Sync(Some(members)) = &mut found.idle {
            member.join(&mut *members.calls);
            found.members.push(key);
        } else {
            found.joining.push((key, member));
        }
        key
    }

    /// Adds an async handler, with one runner for each event that it may work on at once.
    pub(crate) fn add_async(
        &mut self,
        info: &Arc<Info>,
        runners: Vec<Box<dyn AsyncRunner>>,
        bounds: Bounds,
        replays: bool,
    ) -> Key {
        let idle = Idle::Async(SmallVec::new());
        let mut group = Group::new(info.kinds.clone(), bounds, idle, Arc::new(Gauge::new(NOBODY)));
        let plain = info.is_unfiltered() && !info.dedicated && !replays;
        if runners.len() == 1 && info.kinds.is_one_index() && plain {
            group.listed = Listed::Async;
        }
        let group = self.add_group(info, group, replays);
        let key = self.add_membership(info, group, replays);
        if let Some(found) = self.groups.get_mut(group) {
            found.members.push(key);
            if let Idle::Async(handlers) = &mut found.idle {
                handlers.extend(runners.into_iter().rev().map(|runner| Handler::new(info, runner, group)));
            }
        }
        key
    }

    fn add_membership(&mut self, info: &Arc<Info>, group: Key, replays: bool) -> Key {
        let Some(found) = self.groups.get_mut(group) else { return Key::NONE };
        let cohort = found.join_cohort();
        found.live += 1;
        let membership = Membership { group, cohort, corrections: None, last: None };
        self.predicates += usize::from(!info.predicates.is_empty());
        let life = if replays { Life::Replaying } else { Life::Open };
        let receiver = Receiver::Handler(membership);
        let key = self.subscriptions.insert(Subscription {
            info: Arc::clone(info),
            life,
            receiver,
            catch_up: None,
        });
        self.ids.insert(info.id, key);
        key
    }

    /// A group that one handler more can join.
    fn find_group(&mut self, info: &Info, alike: &Alike) -> Option<Key> {
        let Self { routes, groups, subscriptions, .. } = self;
        let known = routes.first_index(&info.kinds)?.groups().iter().rev();
        { known }.copied().find(|key| {
            groups.get_mut(*key).is_some_and(|group| {
                if group.alike.as_ref() != Some(alike) || !group.kinds.is(&info.kinds) {
                    return false;
                }
                if group.cohorts() >= COHORTS && group.running.is_empty() {
                    fold(group, subscriptions);
                }
                group.has_space()
            })
        })
    }

    fn add_group(&mut self, info: &Arc<Info>, mut group: Group, replays: bool) -> Key {
        group.typed = info.is_typed();
        group.asks = !info.predicates.is_empty();
        group.age = info.id.0;
        group.replays = replays;
        group.batch = info.batch.as_ref().map(|batching| Box::new(GroupBatch::new(batching)));
        group.dedicated = info.dedicated;
        self.lingering += usize::from(info.lingers());
        let listed = group.listed;
        let key = self.groups.insert(group);
        if replays {
            self.busy += 1;
        } else {
            self.route(info, key, listed);
        }
        key
    }

    pub(crate) fn route(&mut self, info: &Info, group: Key, listed: Listed) {
        self.routes.each_index(&info.kinds, |index| index.insert_group(listed, &info.wanted, group));
    }

    /// Lets live events reach a handler that has read history.
    pub(crate) fn end_replay(&mut self, key: Key) {
        let Some(found) = self.subscriptions.get_mut(key) else { return };
        found.life = Life::Open;
        let info = Arc::clone(&found.info);
        let Receiver::Handler(membership) = &found.receiver else { return };
        let group = membership.group;
        if let Some(found) = self.groups.get_mut(group) {
            // One that catches up counts as work of its worker.
            self.busy -= usize::from(std::mem::take(&mut found.replays));
            (found.catches_up, found.listed) = (false, Listed::Filtered);
            self.route(&info, group, Listed::Filtered);
        }
    }
}
