//! Idle async handlers that are claimed together.

use crate::delivery::group::{Group, Idle, MEMBERS, Phase};
use crate::delivery::slab::{Key, Slab};
use crate::delivery::task::Handlers;
use crate::sync::Id;

/// The async handlers of one index, which are all idle.
///
/// A publish that polls them in place takes them with one pointer and puts them back with one, if
/// all of them are done. Each is a group of its own all the same: whoever takes the lock for
/// anything but a step of a publish finds each handler, and each event at work, in its group (see
/// [`IdleSets::split_all`]).
struct IdleSet {
    /// The position of the index in the routes.
    index: usize,
    runtime: Option<Id>,
    groups: Vec<Key>,
    /// In the order of the groups. Gone while a publish polls them.
    handlers: Option<Handlers>,
    /// How many events were claimed for all of them.
    events: u64,
    claim: IdleClaim,
}

/// The publish that has claimed a set last.
#[derive(Clone, Copy, Default)]
pub(crate) struct IdleClaim {
    pub(crate) job: u64,
    pub(crate) thread: u64,
    pub(crate) since: u64,
}

/// The sets of all indexes. They have at most [`MEMBERS`] handlers together, because all of them
/// are split in one step.
#[derive(Default)]
pub(crate) struct IdleSets {
    sets: Vec<IdleSet>,
    handlers: usize,
}

impl IdleSets {
    #[inline]
    fn find(&mut self, index: usize) -> Option<&mut IdleSet> {
        self.sets.iter_mut().find(|set| set.index == index)
    }

    /// Takes the handlers of a set that is idle and belongs to this runtime.
    #[inline]
    pub(crate) fn claim(&mut self, index: usize, on: Option<Id>, claim: IdleClaim) -> Option<Handlers> {
        let set = self.find(index).filter(|set| set.runtime == on)?;
        let handlers = set.handlers.take()?;
        (set.claim, set.events) = (claim, set.events + 1);
        Some(handlers)
    }

    /// Leaves handlers idle that have all handled their event. They come back where their set was
    /// split meanwhile.
    pub(crate) fn put_back(&mut self, index: usize, job: u64, handlers: Handlers) -> Result<(), Handlers> {
        match self.find(index) {
            Some(set) if set.claim.job == job && set.handlers.is_none() => set.handlers = Some(handlers),
            _ => return Err(handlers),
        }
        Ok(())
    }

    /// Makes a set of the handlers of an index, if all of them are idle and have one runtime.
    pub(crate) fn join(&mut self, index: usize, on: Option<Id>, groups: &mut Slab<Group>, keys: Vec<Key>) {
        let is_idle = |key: &Key| groups.get(*key).is_some_and(|group| group.is_idle(on));
        if self.handlers + keys.len() > MEMBERS || self.find(index).is_some() || !keys.iter().all(is_idle) {
            return;
        }
        let idle = keys.iter().filter_map(|key| match &mut groups.get_mut(*key)?.idle {
            Idle::Async(handlers) => handlers.pop(),
            Idle::Sync(_) => None,
        });
        let handlers = Some(idle.collect());
        self.handlers += keys.len();
        let claim = IdleClaim::default();
        self.sets.push(IdleSet { index, runtime: on, groups: keys, handlers, events: 0, claim });
    }

    /// Gives each handler of an index back to its group. Returns how many groups are at work.
    pub(crate) fn split(&mut self, index: usize, groups: &mut Slab<Group>) -> usize {
        let Some(at) = self.sets.iter().position(|set| set.index == index) else { return 0 };
        let set = self.sets.swap_remove(at);
        self.handlers -= set.groups.len();
        set.split(groups)
    }

    /// The same for all sets.
    #[cold]
    pub(crate) fn split_all(&mut self, groups: &mut Slab<Group>) -> usize {
        self.handlers = 0;
        self.sets.drain(..).map(|set| set.split(groups)).sum()
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }
}

impl IdleSet {
    fn split(self, groups: &mut Slab<Group>) -> usize {
        let Self { groups: keys, handlers, events, claim: IdleClaim { job, thread, since }, .. } = self;
        let at_work = if handlers.is_none() { keys.len() } else { 0 };
        let mut handlers = handlers.into_iter().flatten();
        for key in keys {
            let Some(group) = groups.get_mut(key) else { continue };
            let counts = &mut group.youngest_mut().counts;
            counts.matched += events;
            counts.handled += events - u64::from(at_work > 0);
            if let (Some(handler), Idle::Async(idle)) = (handlers.next(), &mut group.idle) {
                idle.push(handler);
            } else {
                group.begin(job, thread, Phase::Active, since);
            }
        }
        at_work
    }
}
