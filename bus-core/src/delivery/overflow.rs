//! The policy for an event that finds a subscription's queue full.

pub use crate::lagged::{LagCause, Lagged};

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
    /// Reads the event back from the store of the bus, with those after it, once the queue is
    /// empty: nothing is lost, and memory is bounded. The bus needs a store that can be read and
    /// that keeps all kinds of the subscription. An awaited emit does not wait for such a delivery.
    CatchUp,
    /// Queues the event nevertheless, and an awaited emit returns only when the queue is under its
    /// capacity again; past the hard limit the delivery is dropped. The default of handlers.
    Wait,
}
