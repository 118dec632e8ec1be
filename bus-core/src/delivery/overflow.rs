//! The policy for an event that finds a subscription's queue full, and the report to the
//! subscriber.

use std::fmt;

/// The policy for an event beyond the capacity of a subscription's queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Overflow {
    /// Drops the oldest event that is not `critical`: for readers of the newest events. The default
    /// of streams.
    DropOldest,
    /// Drops the new event, unless it is `critical`: for readers of the first events.
    DropNewest,
    /// Replaces a waiting event of the same kind and scope, and of equal fields if the kind has
    /// some; if there is none, drops the oldest. Only kinds declared `coalesce` are replaced.
    Coalesce,
    /// Ends the subscription after its queued events; a stream yields [`Lagged`] and then ends.
    Close,
    /// Queues the event nevertheless, and an awaited emit returns only when the queue is under its
    /// capacity again; past the hard limit the delivery is dropped. The default of handlers.
    Wait,
}

/// A gap: events that this subscription should have seen and did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[non_exhaustive]
pub struct Lagged {
    /// How many events are missing. For [`LagCause::Evicted`] at most this many; 0 for
    /// [`LagCause::OtherRun`], for which nobody can know.
    pub missed: u64,
    /// The `seq` of the first one.
    pub from_seq: u64,
    /// The `seq` of the last one.
    pub to_seq: u64,
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
}

impl Lagged {
    pub(crate) fn one(seq: u64) -> Self {
        Self { missed: 1, from_seq: seq, to_seq: seq, cause: LagCause::Overflow }
    }

    /// Both gaps as one.
    pub(crate) fn join(self, other: Self) -> Self {
        Self {
            missed: self.missed + other.missed,
            from_seq: self.from_seq.min(other.from_seq),
            to_seq: self.to_seq.max(other.to_seq),
            cause: if self.cause == LagCause::Overflow { other.cause } else { self.cause },
        }
    }
}

impl fmt::Display for Lagged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { missed, from_seq, to_seq, .. } = self;
        match self.cause {
            LagCause::Overflow => {
                write!(
                    f,
                    "{missed} events missed, seq {from_seq} to {to_seq}: read faster, raise `.capacity(n)` or choose another `.overflow(..)`"
                )
            }
            LagCause::Evicted => {
                write!(
                    f,
                    "up to {missed} events missed, seq {from_seq} to {to_seq}: history no longer holds them; raise its capacity or resume sooner"
                )
            }
            LagCause::Future => {
                write!(
                    f,
                    "the cursor lies ahead of the newest event, seq {to_seq}: resume with a cursor that this bus gave"
                )
            }
            LagCause::OtherRun => write!(
                f,
                "the cursor is of another run of the bus: what came between is not known; history starts at seq {to_seq}"
            ),
        }
    }
}

impl std::error::Error for Lagged {}
