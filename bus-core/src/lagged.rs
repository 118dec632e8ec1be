//! Gaps: events that a subscriber should have seen and did not.

use std::fmt;

use crate::event::EventId;

/// A gap: events that this subscription should have seen and did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[non_exhaustive]
pub struct Lagged {
    /// How many events are missing, if that is known. For [`LagCause::Evicted`] at most this many.
    pub missed: Option<u64>,
    /// The [`cursor`](crate::Event::cursor) of the first one.
    pub from: EventId,
    /// The cursor of the last one.
    pub to: EventId,
    /// Why they are missing.
    pub cause: LagCause,
}

/// Why events are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LagCause {
    /// The subscriber was slower than the events came, and its queue was full.
    Overflow,
    /// The cursor lies before what history still holds.
    Evicted,
    /// The cursor is of another run of the bus: the events between that run and this one are
    /// unknown.
    OtherRun,
    /// The cursor is of this run and lies ahead of its newest event: it was not made by this bus.
    Future,
    /// The store leaves out a kind that is wanted, or could not record events.
    NotRecorded,
    /// The store has deleted old events, as it was set to.
    Retention,
    /// The store has lost them: its file is damaged, or the tail of a run is unknown.
    Damaged,
    /// A recorded event does not fit the type of its kind.
    Undecodable,
}

impl Lagged {
    /// Makes a gap: for an [archive](crate::store::Archive), and for tests.
    pub fn new(from: EventId, to: EventId, missed: Option<u64>, cause: LagCause) -> Self {
        Self { missed, from, to, cause }
    }

    pub(crate) fn one(event: EventId) -> Self {
        Self { missed: Some(1), from: event, to: event, cause: LagCause::Overflow }
    }

    /// Both gaps as one. Where they are of two runs, the other one is the later.
    pub(crate) fn join(self, other: Self) -> Self {
        let same_run = |one: EventId, other: EventId| one.run() == other.run();
        let is_first = !same_run(self.from, other.from) || self.from.seq() <= other.from.seq();
        let is_last = same_run(self.to, other.to) && self.to.seq() > other.to.seq();
        Self {
            missed: self.missed.zip(other.missed).map(|(one, other)| one + other),
            from: if is_first { self.from } else { other.from },
            to: if is_last { self.to } else { other.to },
            cause: if self.cause == LagCause::Overflow { other.cause } else { self.cause },
        }
    }
}

impl fmt::Display for Lagged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { missed, from, to, cause } = self;
        let at_most = if *cause == LagCause::Evicted { "up to " } else { "" };
        match (cause, missed) {
            (LagCause::OtherRun | LagCause::Future, _) => {}
            (_, Some(missed)) => write!(f, "{at_most}{missed} events missed, ")?,
            (_, None) => f.write_str("events missed, nobody knows how many, ")?,
        }
        if from.run() == to.run() {
            write!(f, "seq {} to {}", from.seq(), to.seq())?;
        } else {
            write!(f, "{from} to {to}")?;
        }
        f.write_str(match cause {
            LagCause::Overflow => ": read faster, raise `.capacity(n)` or choose another `.overflow(..)`",
            LagCause::Evicted => {
                ": history no longer holds them; raise its capacity, resume sooner or record with a store"
            }
            LagCause::Future => {
                ": the cursor lies ahead of the newest event; resume with one that this bus gave"
            }
            LagCause::OtherRun => ": the cursor is of another run of the bus; what came between is not known",
            LagCause::NotRecorded => ": the store leaves them out, or could not record them",
            LagCause::Retention => {
                ": the store has deleted them as it was set to; resume sooner, or keep more"
            }
            LagCause::Damaged => ": the store has lost them; `bus doctor` says what is damaged",
            LagCause::Undecodable => {
                ": the recorded data does not fit the type; declare a new `version` with `upcast`"
            }
        })
    }
}

impl std::error::Error for Lagged {}
