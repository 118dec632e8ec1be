//! Why a subscription could not be made.

use std::fmt;

use super::{DuplicateKind, StoreError};
use crate::excerpt::excerpt;

/// The reason why a subscription could not be made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubscribeError {
    /// An async handler has no runtime.
    NoRuntime,
    /// An async handler has a timeout of its own, lingers or is a consumer, and its runtime has no
    /// timers.
    NoTimers,
    /// The bus was closed.
    Closed,
    /// Another linked definition declares the same kind.
    DuplicateKind(DuplicateKind),
    /// `.with_latest()` on a subscription of which no kind is sticky.
    NotSticky,
    /// Both `.with_latest()` and `.since(..)`.
    LatestAndSince,
    /// `.concurrency(n)` on a handler that can only run one event at a time.
    SyncConcurrency,
    /// `.consumer(..)`, `.recorded_only()` or `Overflow::CatchUp` on a bus without a store that can
    /// be read.
    NoArchive,
    /// The store of the bus could not be read.
    Store(StoreError),
    /// `Overflow::CatchUp` or `.recorded_only()` over a kind that the store leaves out.
    LeftOut {
        /// The kind.
        kind: String,
    },
    /// Events of a kind with `redact` fields would come from the store, which has them redacted.
    Redacted {
        /// The kind.
        kind: String,
    },
    /// A consumer with this name exists in this bus.
    ConsumerExists {
        /// The name.
        name: String,
    },
    /// `.consumer(..)` with a sync handler, a stream or a wait, or with `.concurrency(n)`.
    ConsumerHandler,
    /// `.consumer(..)` and `.since(..)` or `.with_latest()`.
    ConsumerSince,
    /// `.recorded_only()` and `.with_latest()`.
    RecordedLatest,
    /// `.batch(0)`.
    ZeroBatch,
    /// `.concurrency(n)` on a batch handler, which takes one batch at a time.
    BatchConcurrency,
    /// `.linger(d)` on a sync handler, which runs while its publisher waits.
    SyncLinger,
    /// `.dedicated()` on a stream or on a wait.
    DedicatedReader,
    /// `.capacity_bytes(b)` without `.dedicated()`.
    NotDedicated,
}

impl fmt::Display for SubscribeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRuntime => f.write_str(
                "an async handler needs a tokio runtime: subscribe inside one, give the builder one with `.runtime(handle)`, or use `handle_sync`",
            ),
            Self::NoTimers => f.write_str(
                "a handler with a timeout or a linger, or a consumer, needs a tokio runtime with timers: build it with `.enable_time()`, or drop `.timeout(d)`, `.linger(d)` and `.consumer(..)`: the bus's `.handler_timeout(d)` needs none",
            ),
            Self::Closed => f.write_str("the bus is closed: subscribe before `close`"),
            Self::DuplicateKind(duplicate) => duplicate.fmt(f),
            Self::NotSticky => f.write_str(
                "`.with_latest()` finds nothing, because no kind of this subscription is sticky: write `#[event(sticky)]` on the event, or drop `.with_latest()`",
            ),
            Self::LatestAndSince => f.write_str(
                "`.with_latest()` and `.since(..)` both say where a subscription begins: drop one of them",
            ),
            Self::NoArchive => f.write_str(
                "consumers, `.recorded_only()` and `Overflow::CatchUp` read from the store, and this bus has none that can be read: give the builder a journal with `.store(..)`",
            ),
            Self::Store(error) => write!(f, "the position could not be read from the store: {error}"),
            Self::LeftOut { kind } => write!(
                f,
                "`Overflow::CatchUp` and `.recorded_only()` cannot read `{}`, because the store leaves it out: have the store keep it, or drop the kind or that setting",
                excerpt(kind)
            ),
            Self::Redacted { kind } => write!(
                f,
                "`{}` has `redact` fields, which the store has redacted: say `.accept_redacted()`, and look at `event.is_archived()`, or leave the kind out",
                excerpt(kind)
            ),
            Self::ConsumerExists { name } => write!(
                f,
                "this bus has a consumer `{}` already, and two would share one position: choose another name",
                excerpt(name)
            ),
            Self::RecordedLatest => f.write_str(
                "`.with_latest()` begins with values that the bus holds, recorded or not: drop it or `.recorded_only()`",
            ),
            Self::ZeroBatch => f.write_str("`.batch(0)` takes no event: say how many one call gets, as in `.batch(256)`"),
            Self::ConsumerHandler => f.write_str(
                "a consumer has one async handler, which handles one event or batch at a time: end it with `handle`, without `.concurrency(n)`",
            ),
            Self::ConsumerSince => f.write_str(
                "a consumer begins at its position: say where a new one begins with `.first_time(..)`, in place of `.since(..)` or `.with_latest()`",
            ),
            Self::BatchConcurrency => f.write_str(
                "a batch handler takes one batch at a time, and the next one gathers meanwhile: drop `.concurrency(n)`, or raise n in `.batch(n)`",
            ),
            Self::SyncLinger => f.write_str(
                "a sync handler runs while its publisher waits, so it cannot wait for more events: drop `.linger(d)`, or use the async `handle`",
            ),
            Self::DedicatedReader => f.write_str("`.dedicated()` is for handlers: streams and waits need no permit, so drop it"),
            Self::NotDedicated => f.write_str(
                "`.capacity_bytes(b)` bounds the queue of a dedicated handler: add `.dedicated()`, or use `.capacity(n)`",
            ),
            Self::SyncConcurrency => f.write_str("a sync handler runs one event at a time: drop `.concurrency(n)`, or use the async `handle`"),
        }
    }
}

impl std::error::Error for SubscribeError {}
