//! Handlers that a publish claims all at once.
//!
//! Most handlers of a kind have no filter, so that every event of the kind goes to all of them. They form a crew: while none of them is at work their runners sit side by side in
//! the crew's [`Team`], and a publish claims them by taking the team, in one stroke however many they are. It runs through the team and brings it back in one stroke.
//!
//! Whatever is not that plain is done lane by lane, as for any other handler. Who must look at a single handler of a claimed crew *spreads* the claim first: each lane gets its own entry of what
//! runs in it, as if it had been claimed alone, and the publish brings the handlers back one by one. A handler that somebody else has (a driver, mostly) leaves its seat empty until it rests again.
//!
//! An event that finds a crew of sync handlers claimed waits for it in the crew's own [`queue`], in one stroke as well: whoever runs the crew goes on with that. To spread a claim spreads what waits, too.

pub(super) mod queue;
pub(super) mod seat;
pub(super) mod shift;
mod spread;
pub(super) mod team;

use std::sync::Arc;

use crate::dispatch::crew::queue::Queue;
use crate::dispatch::crew::team::Team;
use crate::dispatch::route::Kinds;
use crate::dispatch::run::context::JobRef;
use crate::dispatch::slab::Key;
use crate::sync::{Gauge, Id};

/// The handlers of one kind that have no filter, take the same set of events and run in the same way.
pub(crate) struct Crew {
    /// Where the routing table has it.
    kinds: Kinds,
    sync: bool,
    /// It takes only payloads of its types.
    typed: bool,
    /// Where its async handlers run.
    runtime: Option<Id>,
    /// Absent while a publish has it.
    team: Option<Box<Team>>,
    claimed: Option<Claimed>,
    /// What waits for all of them. Empty unless they are claimed and not spread.
    queue: Queue,
    /// The lane of each seat.
    lanes: Vec<Key>,
    /// How many seats have their handler.
    present: usize,
    /// How many seats are of lanes that take no more events.
    left: usize,
    /// How many events were claimed for all who were present.
    events: u64,
    /// Which seat is at work.
    at: Arc<Gauge>,
    seen: Seen,
}

/// What the slow warning saw when it looked last.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    job: u64,
    at: u64,
    /// The tick at which it saw that first; 0 once it was told.
    since: u64,
}

/// What runs in each lane of a crew that a publish has claimed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claimed {
    pub(crate) job: u64,
    /// The place of the event: what one publish has claimed stands on one stack.
    pub(crate) batch: u64,
    pub(crate) waiter: Option<JobRef>,
    /// On whose stack it runs.
    pub(crate) thread: usize,
    /// Who is told what became of it, where that is not whoever runs it.
    pub(crate) ticket: Option<Key>,
    /// Whether each lane has its own entry of it.
    pub(crate) spread: bool,
}

/// Where a lane sits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seat {
    crew: Key,
    at: usize,
    /// Somebody else has the handler.
    away: bool,
    /// Of the crew's events, those that the lane's own counts have in them.
    counted: u64,
}

impl Seat {
    pub(crate) fn is_away(self) -> bool {
        self.away
    }
}

impl Crew {
    pub(crate) fn is_sync(&self) -> bool {
        self.sync
    }

    /// Whether it takes an event whose payload may fit no type.
    pub(crate) fn fits_event(&self, misfit: bool) -> bool {
        !(misfit && self.typed)
    }

    pub(crate) fn lanes(&self) -> &[Key] {
        &self.lanes
    }
}
