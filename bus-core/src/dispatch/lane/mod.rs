//! One subscription as the dispatch sees it: the right to run it, what waits for it, and what became of the rest.

pub(super) mod heir;
pub(super) mod overflow;
pub(super) mod queue;

use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use serde::Serialize;

use crate::dispatch::crew::Seat;
use crate::dispatch::lane::heir::Heir;
use crate::dispatch::lane::overflow::{Lagged, Overflow};
use crate::dispatch::lane::queue::Backlog;
use crate::dispatch::route::Kinds;
use crate::dispatch::route::wanted::Wanted;
use crate::dispatch::run::context::JobRef;
use crate::dispatch::run::runner::{Outcome, Runner};
use crate::dispatch::slab::Key;
use crate::dispatch::tape::Ride;
use crate::event::{AnyEvent, SubscriptionId};
use crate::sync::{Handle, Id};

/// A closure of the user's that says whether an event is wanted.
pub(crate) type Predicate = Arc<dyn Fn(&AnyEvent) -> bool + Send + Sync>;
/// A closure of the user's that is told of a gap.
pub(crate) type OnLag = Arc<dyn Fn(Lagged) + Send + Sync>;

/// What a subscription was made with; never changes, so that it can be read without the order lock.
pub(crate) struct LaneInfo {
    pub(crate) id: SubscriptionId,
    pub(crate) name: Arc<str>,
    /// Where `subscribe` was called.
    pub(crate) location: &'static std::panic::Location<'static>,
    pub(crate) kinds: Kinds,
    pub(crate) wanted: Wanted,
    pub(crate) predicates: Vec<Predicate>,
    pub(crate) on_lag: Option<OnLag>,
    pub(crate) timeout: Option<Duration>,
    /// Where an async handler runs.
    pub(crate) runtime: Option<Handle>,
}

/// One subscription, under the order lock.
pub(crate) struct Lane {
    pub(crate) info: Arc<LaneInfo>,
    pub(crate) work: Work,
    pub(crate) backlog: Backlog,
    pub(crate) running: Vec<Running>,
    /// Awaited emits that wait until the backlog is under its capacity.
    pub(crate) room: Vec<Key>,
    pub(crate) counts: Counts,
    pub(crate) state: State,
    /// Of `info`, for a publish to look at without going there.
    pub(crate) id: SubscriptionId,
    pub(crate) manner: Manner,
    /// Where it sits, if it is in a crew.
    pub(crate) seat: Option<Seat>,
}

/// What a publish must know of a subscription.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "four facts that have nothing to do with each other")]
pub(crate) struct Manner {
    /// It takes only payloads of its types.
    pub(crate) typed: bool,
    /// It has predicates.
    pub(crate) asks: bool,
    /// Its handler has a timeout.
    pub(crate) timed: bool,
    /// It has one handler and no filter, and so can be claimed with others.
    pub(crate) joins: bool,
    /// It is read from and has no filter, and so can ride on a tape.
    pub(crate) rides: bool,
}

/// Where a subscription stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Open,
    /// It takes no more events; what waits is still delivered.
    Closing,
    /// Nothing more is delivered; it is gone when what runs has run.
    Ended,
}

/// How a subscription receives.
pub(crate) enum Work {
    /// The bus calls a handler. What is idle can be claimed: taking a runner out is the exclusive right to run it.
    Push { idle: Vec<Runner>, sync: bool, single: bool },
    /// The subscriber reads.
    Pull {
        waker: Option<Waker>,
        once: bool,
        /// The handler that reads it.
        reader: Option<JobRef>,
        heir: Arc<Heir>,
        /// Where it reads, if it has no filter.
        ride: Option<Box<Ride>>,
    },
}

/// One event at work in a handler.
pub(crate) struct Running {
    pub(crate) job: u64,
    /// Who waits for it on the stack below, or in an awaited emit that needed no ticket yet.
    pub(crate) waiter: Option<JobRef>,
    /// Who is told what became of it.
    pub(crate) ticket: Option<Key>,
    /// The publish on whose stack it runs; 0 once a driver has it.
    pub(crate) batch: u64,
    /// Whether its handler is called whatever happens. One that waits for a place is not yet, and goes with the subscription.
    pub(crate) begun: bool,
    /// Its last poll left it waiting for an event: nobody can know when it goes on.
    pub(crate) awaits_event: bool,
    /// It waits for the bus to be quiet, so nobody who waits for that waits for it.
    pub(crate) closes: bool,
    /// The publishes that it awaits. Those that are done may be among them.
    pub(crate) awaits: Vec<Key>,
    /// The streams that it reads.
    pub(crate) reads: Vec<Key>,
    /// The tick at which it began, for the slow warning; 0 once it was given.
    pub(crate) since: u64,
}

impl Running {
    /// One event that a handler takes up. `waiter` and `batch` are those of the stack that it runs on.
    #[inline]
    pub(crate) fn new(job: u64, waiter: Option<JobRef>, batch: u64, since: u64) -> Self {
        Self {
            job,
            waiter,
            ticket: None,
            batch,
            begun: true,
            awaits_event: false,
            closes: false,
            awaits: Vec::new(),
            reads: Vec::new(),
            since,
        }
    }
}

/// What became of the events that matched one subscription.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Counts {
    /// Events that matched its kinds and filters.
    pub matched: u64,
    /// Handled, or read from the stream.
    pub handled: u64,
    /// The handler returned an error.
    pub failed: u64,
    /// The handler panicked.
    pub panicked: u64,
    /// The handler took longer than its timeout.
    pub timed_out: u64,
    /// Dropped because the queue was full.
    pub overflowed: u64,
    /// Replaced by a newer one.
    pub coalesced: u64,
    /// Still waiting, or at work on a runtime that was shut down, when the subscription or the bus ended.
    pub dropped: u64,
}

impl Counts {
    pub(crate) fn note(&mut self, outcome: &Outcome) {
        let count = match outcome {
            Outcome::Handled => &mut self.handled,
            Outcome::Failed(_) => &mut self.failed,
            Outcome::Panicked(_) => &mut self.panicked,
            Outcome::TimedOut => &mut self.timed_out,
            Outcome::Overflowed => &mut self.overflowed,
            Outcome::Coalesced => &mut self.coalesced,
            Outcome::Dropped => &mut self.dropped,
        };
        *count += 1;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.matched += other.matched;
        self.handled += other.handled;
        self.failed += other.failed;
        self.panicked += other.panicked;
        self.timed_out += other.timed_out;
        self.overflowed += other.overflowed;
        self.coalesced += other.coalesced;
        self.dropped += other.dropped;
    }

    /// Every event that matched and is neither at work nor waiting.
    pub fn settled(&self) -> u64 {
        self.handled
            + self.failed
            + self.panicked
            + self.timed_out
            + self.overflowed
            + self.coalesced
            + self.dropped
    }
}

impl LaneInfo {
    /// The runtime of its handler, if that is an async one.
    pub(crate) fn runs_on(&self) -> Option<Id> {
        self.runtime.as_ref().map(Handle::id)
    }

    /// Whether every event of one kind, or every event, is for it.
    fn is_plain(&self) -> bool {
        let one = match &self.kinds {
            Kinds::Any => true,
            Kinds::Declared(events) => events.len() == 1,
            Kinds::Named(names) => names.len() == 1,
        };
        one && self.is_unfiltered()
    }

    fn is_unfiltered(&self) -> bool {
        self.predicates.is_empty() && self.wanted.shape().is_empty()
    }
}

impl Lane {
    pub(crate) fn new(info: Arc<LaneInfo>, work: Work, backlog: Backlog) -> Self {
        let manner = Manner {
            typed: matches!(info.kinds, Kinds::Declared(_)),
            asks: !info.predicates.is_empty(),
            timed: info.timeout.is_some(),
            // What may replace what in a queue is worked out before the lock, for each event: a tape does not keep it.
            rides: matches!(work, Work::Pull { once: false, .. })
                && backlog.overflow() != Overflow::Coalesce
                && info.is_unfiltered(),
            joins: matches!(work, Work::Push { single: true, .. }) && info.is_plain(),
        };
        let id = info.id;
        let (running, room, counts) = (Vec::new(), Vec::new(), Counts::default());
        Self { info, work, backlog, running, room, counts, state: State::Open, id, manner, seat: None }
    }

    /// Takes an idle handler out, if there is one and nothing waits before.
    #[inline]
    pub(crate) fn claim(&mut self) -> Option<Runner> {
        match &mut self.work {
            Work::Push { idle, .. } if self.backlog.is_empty() => idle.pop(),
            _ => None,
        }
    }

    /// Counts an event as handled and puts its handler back to be claimed. Where there is more to do than that, the handler comes back.
    pub(crate) fn rest(&mut self, job: u64, runner: Runner) -> Option<Runner> {
        self.counts.handled += 1;
        if self.manner.joins || !self.is_done_with(job) {
            return Some(runner);
        }
        self.put_idle(runner);
        None
    }

    /// Whether the handler that ends this event has nothing else to do then. It is noted as ended.
    pub(crate) fn is_done_with(&mut self, job: u64) -> bool {
        let alone = matches!(&self.running[..], [running] if running.job == job);
        let done = alone && self.state == State::Open && self.backlog.is_clear();
        if done {
            self.running.clear();
        }
        done
    }

    pub(crate) fn put_idle(&mut self, runner: Runner) {
        if let Work::Push { idle, .. } = &mut self.work {
            idle.push(runner);
        }
    }

    /// A handler that came to rest while its crew was at work.
    pub(crate) fn rested(&mut self) -> Option<Runner> {
        if self.running.is_empty() && self.state == State::Open { self.claim() } else { None }
    }

    /// Whether somebody else has the handler that sits in its crew.
    pub(crate) fn is_away(&self) -> bool {
        self.seat.is_some_and(Seat::is_away)
    }

    /// Where it rides, if it can.
    pub(crate) fn ride(&self) -> Option<&Ride> {
        match &self.work {
            Work::Pull { ride, .. } => ride.as_deref(),
            Work::Push { .. } => None,
        }
    }

    pub(crate) fn ride_mut(&mut self) -> Option<&mut Ride> {
        match &mut self.work {
            Work::Pull { ride, .. } => ride.as_deref_mut(),
            Work::Push { .. } => None,
        }
    }

    /// How many events wait for it; for one that rides, when they were counted last.
    pub(crate) fn waiting(&self) -> usize {
        self.backlog.len() + self.ride().map_or(0, |ride| ride.waiting)
    }

    /// The place of the oldest event that waits for it; for one that rides, when they were counted last.
    pub(crate) fn oldest(&self) -> Option<u64> {
        let queued = self.backlog.iter().next().map(|queued| queued.event.seq());
        queued.or_else(|| self.ride()?.oldest)
    }

    pub(crate) fn is_sync(&self) -> bool {
        matches!(self.work, Work::Push { sync: true, .. })
    }

    pub(crate) fn running(&self, job: u64) -> Option<&Running> {
        self.running.iter().find(|running| running.job == job)
    }

    pub(crate) fn running_mut(&mut self, job: u64) -> Option<&mut Running> {
        self.running.iter_mut().find(|running| running.job == job)
    }

    /// Whether every handler at work is stuck, so that the backlog does not move.
    pub(crate) fn stands_still(&self, stuck: impl Fn(&Running) -> bool) -> bool {
        !self.running.is_empty() && self.running.iter().all(stuck)
    }
}
