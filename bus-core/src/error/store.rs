//! Why an event is not in the store.

use std::fmt;
use std::sync::Arc;

use crate::excerpt::excerpt;

/// Why an event is not recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotRecorded {
    /// The bus has no store.
    NoStore,
    /// The store leaves out this kind.
    LeftOut,
    /// The event was refused, so that it is not on the bus: see
    /// [`Receipt::refused`](crate::Receipt::refused).
    Refused,
    /// The disk is full, or more bytes wait for the store than it may have
    /// ([`EventBusBuilder::store_queue_bytes`](crate::EventBusBuilder::store_queue_bytes)).
    Full,
    /// The store could not write it.
    Failed(Arc<str>),
    /// It is not known yet: the event still waits for the store. Await
    /// [`Sent::recorded`](crate::Sent::recorded).
    Unknown,
}

impl fmt::Display for NotRecorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoStore => f.write_str("the bus has no store: give it one with `EventBus::builder().store(..)`"),
            Self::LeftOut => f.write_str("the store leaves out events of this kind"),
            Self::Refused => f.write_str("the event is not on the bus: `receipt.refused()` says why"),
            Self::Full => f.write_str(
                "the disk is full, or the queue of the store: free space on the disk, or raise `store_queue_bytes` on the builder",
            ),
            Self::Failed(error) => write!(f, "the store failed: {}", excerpt(error)),
            Self::Unknown => {
                f.write_str("the event still waits for the store: await `sent.recorded()` to know")
            }
        }
    }
}

impl std::error::Error for NotRecorded {}

/// An error of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// The disk, or whatever holds the events, is full. The bus tries again with the next events.
    Full,
    /// Something else went wrong; the text says what, and what to do.
    Failed(Arc<str>),
}

impl StoreError {
    /// Makes an error of any other one: `.map_err(StoreError::failed)`.
    pub fn failed(error: impl fmt::Display) -> Self {
        Self::Failed(error.to_string().into())
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("the store is full: free space on the disk"),
            Self::Failed(error) => f.write_str(&excerpt(error).to_string()),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<StoreError> for NotRecorded {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Self::Full,
            StoreError::Failed(error) => Self::Failed(error),
        }
    }
}
