//! Handler groups: the unit of push delivery.
//!
//! All sync handlers that take the same set of events with the same queue settings and no filter
//! are members of one group: a publish claims them by taking [`Members`] out, runs them in one loop
//! and puts them back, in one step however many they are. A handler with a filter is a group of
//! one, and so is an async handler.
//!
//! Members come and go while a group is at work. A new member has the `seq` of the first event that
//! it sees, and is let in between two events; a leaving member is taken out between two events: a
//! claimed event is finished. Accounts go by *cohorts*: members with no publish between their
//! joining. An event carries its youngest cohort, so that a member's counts are those of the
//! cohorts at or above its own, and its own corrections. (One total with a base at joining is wrong
//! as soon as an event was queued before the joining and ends after it.)

mod batch;
mod calls;
mod idle;
mod senders;

pub(crate) use batch::GroupBatch;
pub(crate) use calls::{Closure, Failures, Member, NOBODY, NewMember};
pub(crate) use idle::{IdleClaim, IdleSets};
pub(crate) use senders::Loss;

use std::any::TypeId;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::delivery::batch::Batching;
use crate::delivery::context::{JobRef, Node};
use crate::delivery::effects::Effects;
use crate::delivery::pending::Unit;
use crate::delivery::queue::{Bounds, Queue, Queued};
use crate::delivery::routes::{Kinds, Listed};
use crate::delivery::slab::Key;
use crate::delivery::subscription::Counts;
use crate::delivery::task::Handler;
use crate::sync::{Gauge, Id, Signal, failpoint};
use calls::Calls;
use senders::Senders;

/// How many members, and how many cohorts, a group has at most: every walk over them under the
/// lock is bounded by it.
pub(crate) const MEMBERS: usize = 256;

/// The members of a sync group. Whoever holds this has the right to run them.
pub(crate) struct Members {
    pub(crate) calls: Box<dyn Calls>,
    /// The position of the member at work, for the slow warning.
    pub(crate) at: Arc<Gauge>,
    pub(crate) failures: Failures,
    /// Set for the one member that is a batch handler.
    pub(crate) batch: Option<Arc<Batching>>,
}

/// The handlers of a group while no thread runs it.
pub(crate) enum Idle {
    Sync(Option<Box<Members>>),
    /// One for each event that the handler may work on at once.
    Async(SmallVec<[Box<Handler>; 1]>),
}

/// One event at work in a group.
pub(crate) struct Running {
    /// The `seq` of the event: a group gets it once.
    pub(crate) job: u64,
    pub(crate) cohort: u32,
    pub(crate) live: u32,
    /// The thread that holds the claim; 0 for an async handler off the stack.
    pub(crate) thread: u64,
    pub(crate) phase: Phase,
    /// The tick at which it began, for the slow warning; 0 once that was given.
    pub(crate) since: u64,
    pub(crate) unit: Option<Unit>,
}

/// How far an event at work has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Its async handler has not begun: it is dropped if its subscription ends.
    Queued,
    Active,
    /// Its handler waits in the bus, without a permit.
    Waiting,
    /// Its handler could go on, and waits for a permit.
    Permit,
}

impl Running {
    pub(crate) fn node(&self, group: Key) -> Node {
        match self.thread {
            0 => Node::Job(JobRef { group, job: self.job }),
            thread => Node::Thread(thread),
        }
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.phase != Phase::Queued
    }
}

/// The counts of one cohort, and how many of its events wait.
#[derive(Default)]
pub(crate) struct Cohort {
    pub(crate) counts: Counts,
    pub(crate) queued: usize,
}

/// The state of a group at the last look of the slow warning: its job, and the running member.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    pub(crate) job: u64,
    pub(crate) at: u64,
    /// The tick of the first look; 0 once it was reported.
    pub(crate) since: u64,
}

/// The settings that sync handlers of one group have in common.
#[derive(PartialEq, Eq)]
pub(crate) struct Alike {
    pub(crate) set: TypeId,
    pub(crate) bounds: Bounds,
}

/// Handlers that are claimed together, under the lock.
#[expect(clippy::struct_excessive_bools, reason = "independent properties, read one by one")]
pub(crate) struct Group {
    pub(crate) kinds: Kinds,
    /// The list of the routes that it is in.
    pub(crate) listed: Listed,
    /// `None` for a group of one, which nobody joins.
    pub(crate) alike: Option<Alike>,
    /// It takes only payloads of its types.
    pub(crate) typed: bool,
    /// Whether its one member has a filter closure.
    pub(crate) asks: bool,
    /// Whether its one member reads history and is not routed yet.
    pub(crate) replays: bool,
    /// Whether its one member [catches up](super::catch_up) and is not routed.
    pub(crate) catches_up: bool,
    /// Whether it ends when its queue is empty.
    pub(crate) closing: bool,
    /// The subscription of each member, by position.
    pub(crate) members: SmallVec<[Key; 1]>,
    pub(crate) joining: Vec<(Key, Box<dyn NewMember>)>,
    /// How many members, joining ones among them, have not ended.
    pub(crate) live: u32,
    /// Whether members have ended that are still in their position.
    pub(crate) leaving: bool,
    pub(crate) idle: Idle,
    pub(crate) running: Vec<Running>,
    pub(crate) queue: Queue,
    pub(crate) senders: Senders,
    /// The youngest cohort, and those before it.
    youngest: Cohort,
    older: Vec<Cohort>,
    /// The position of the member at work.
    pub(crate) at: Arc<Gauge>,
    /// The age of its oldest member: filters are called in this order.
    pub(crate) age: u64,
    pub(crate) loss: Loss,
    /// Set where its one member is a batch handler.
    pub(crate) batch: Option<Box<GroupBatch>>,
    /// Whether its one member needs no permit.
    pub(crate) dedicated: bool,
    /// The state at the last look of the slow warning.
    pub(crate) seen: Seen,
}

impl Group {
    pub(crate) fn new(kinds: Kinds, bounds: Bounds, idle: Idle, at: Arc<Gauge>) -> Self {
        Self {
            kinds,
            listed: Listed::Filtered,
            alike: None,
            typed: false,
            asks: false,
            replays: false,
            catches_up: false,
            closing: false,
            members: SmallVec::new(),
            joining: Vec::new(),
            live: 0,
            leaving: false,
            idle,
            // Most groups work on one event at a time.
            running: Vec::with_capacity(1),
            queue: Queue::new(bounds),
            senders: Senders::default(),
            youngest: Cohort::default(),
            older: Vec::new(),
            at,
            age: 0,
            loss: Loss::default(),
            batch: None,
            dedicated: false,
            seen: Seen::default(),
        }
    }

    pub(crate) fn is_sync(&self) -> bool {
        matches!(self.idle, Idle::Sync(_))
    }

    /// The youngest cohort.
    #[inline]
    pub(crate) fn cohort(&self) -> u32 {
        u32::try_from(self.older.len()).unwrap_or(u32::MAX)
    }

    /// The youngest cohort's counts.
    #[inline]
    pub(crate) fn youngest_mut(&mut self) -> &mut Cohort {
        &mut self.youngest
    }

    /// The cohorts from one on: those that a member of it shares.
    fn cohorts_from(&self, cohort: u32) -> impl Iterator<Item = &Cohort> {
        self.older.iter().skip(cohort as usize).chain(std::iter::once(&self.youngest))
    }

    pub(crate) fn cohorts(&self) -> usize {
        self.older.len() + 1
    }

    /// Leaves one cohort, of which nothing is counted.
    pub(crate) fn reset_cohorts(&mut self) {
        self.older.clear();
        self.youngest = Cohort::default();
    }

    /// Forgets what waits, where the queue was emptied.
    pub(crate) fn clear_queued(&mut self) {
        self.youngest.queued = 0;
        self.older.iter_mut().for_each(|cohort| cohort.queued = 0);
    }

    #[inline]
    pub(crate) fn cohort_mut(&mut self, cohort: u32) -> &mut Cohort {
        self.older.get_mut(cohort as usize).unwrap_or(&mut self.youngest)
    }

    /// How many events each of its calls at work has: a batch handler makes one call at a time.
    pub(crate) fn events_at_work(&self) -> usize {
        1 + self.batch.as_ref().map_or(0, |batch| batch.units.len())
    }

    /// Whether one member more can join. Cohorts are folded where nothing is counted under them.
    pub(crate) fn has_space(&mut self) -> bool {
        self.members.len() + self.joining.len() < MEMBERS && self.cohorts() < MEMBERS
    }

    /// The cohort of a member that joins now.
    pub(crate) fn join_cohort(&mut self) -> u32 {
        if self.youngest.counts.matched > 0 && !failpoint("cohort_uncounted") {
            self.older.push(std::mem::take(&mut self.youngest));
        }
        self.cohort()
    }

    /// Returns the counts of a member.
    pub(crate) fn counts_of(&self, member: &Membership) -> Counts {
        if let Some(last) = &member.last {
            return last.counts;
        }
        let mut counts = member.corrections.as_deref().copied().unwrap_or_default();
        self.cohorts_from(member.cohort).for_each(|cohort| counts.add(&cohort.counts));
        counts
    }

    /// How many events wait for a member.
    pub(crate) fn waiting_for(&self, member: &Membership) -> usize {
        self.cohorts_from(member.cohort).map(|cohort| cohort.queued).sum()
    }

    /// The members that an event of a cohort is for: those of it and of older ones.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Key> {
        self.members.iter().copied().chain(self.joining.iter().map(|(key, _)| *key))
    }

    /// Whether it has one async handler, which is idle and belongs to this runtime.
    fn is_idle(&self, on: Option<Id>) -> bool {
        let Idle::Async(handlers) = &self.idle else { return false };
        matches!(&handlers[..], [handler] if handler.is_of(on))
            && self.running.is_empty()
            && self.queue.is_clear()
            && !(self.leaving || self.closing)
    }

    /// Records an event of which the handlers were claimed.
    #[inline]
    pub(crate) fn begin(&mut self, job: u64, thread: u64, phase: Phase, since: u64) {
        let (cohort, live) = (self.cohort(), self.live);
        // Built in its slot: `push` would move it there, which takes longer than all the rest.
        let running = || Running { job, cohort, live, thread, phase, since, unit: None };
        self.running.extend(std::iter::once_with(running));
    }

    /// Ends the one event at work, which an async handler has handled, and leaves the handler idle.
    /// The handler comes back where there is more to do than that.
    #[inline]
    pub(crate) fn put_back(&mut self, handler: Box<Handler>) -> Result<Option<Unit>, Box<Handler>> {
        let is_plain = self.running.len() == 1
            && self.queue.is_clear()
            && !(self.leaving || self.closing || self.catches_up);
        match &mut self.idle {
            Idle::Async(idle) if is_plain => idle.push(handler),
            _ => return Err(handler),
        }
        self.youngest.counts.handled += 1;
        Ok(self.running.pop().and_then(|running| running.unit))
    }

    /// Takes the next event out of the queue.
    pub(crate) fn pop(&mut self, effects: &mut Effects) -> Option<Queued> {
        let queued = self.queue.pop()?;
        self.cohort_mut(queued.cohort).queued -= 1;
        // An event of history took no capacity.
        if !queued.replay {
            self.senders.pop(self.queue.bounds().capacity, effects);
        }
        Some(queued)
    }

    /// Takes an idle async handler, or the idle members.
    #[inline]
    pub(crate) fn claim(&mut self) -> Option<Claimed> {
        match &mut self.idle {
            Idle::Sync(members) => members.take().map(Claimed::Sync),
            Idle::Async(handlers) => handlers.pop().map(Claimed::Async),
        }
    }
}

/// The claimed handlers of a group.
pub(crate) enum Claimed {
    Sync(Box<Members>),
    Async(Box<Handler>),
}

/// The position of a subscription in its group, and its accounts there.
pub(crate) struct Membership {
    pub(crate) group: Key,
    pub(crate) cohort: u32,
    /// The outcomes of its events that differ from the counts of its cohort.
    pub(crate) corrections: Option<Box<Counts>>,
    /// Set when it has ended: its counts then, while its last events run.
    pub(crate) last: Option<Box<Last>>,
}

/// The accounts of a member that has ended.
pub(crate) struct Last {
    pub(crate) counts: Counts,
    /// The events that were at work in it then.
    pub(crate) jobs: SmallVec<[u64; 1]>,
}

impl Last {
    /// Ends an event that was at work then; whether it was.
    pub(crate) fn end(&mut self, job: u64) -> bool {
        let at = self.jobs.iter().position(|known| *known == job);
        at.map(|at| self.jobs.swap_remove(at)).is_some()
    }
}

impl Membership {
    pub(crate) fn corrections(&mut self) -> &mut Counts {
        self.corrections.get_or_insert_default()
    }
}

struct Sender {
    position: u64,
    signal: Arc<Signal>,
    /// Whether it blocks a thread of a runtime, which an async handler may need.
    on_runtime: bool,
}
