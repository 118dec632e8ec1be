//! The errors, as types that name the problem and the fix.

use std::fmt;
use std::sync::Arc;

use crate::payload::Location;

/// The error of a handler: any error, so that `?` works on all of them.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The reason why an event is not on the bus.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// The bus was closed.
    Closed,
    /// A chain of handlers that emit into handlers is too deep; the chain of kinds, oldest first.
    ChainTooDeep {
        /// The kinds of the events that led here, the refused one last.
        chain: Vec<String>,
        /// The limit that was exceeded.
        limit: u32,
    },
    /// The payload is larger than the limit of the bus.
    TooLarge {
        /// Its size as JSON, in bytes.
        bytes: usize,
        /// The limit that was exceeded.
        limit: usize,
    },
    /// An attribute of the emitter has the name of an envelope key.
    ReservedAttribute(Arc<str>),
    /// Another linked definition declares the same kind.
    DuplicateKind(DuplicateKind),
    /// The payload is not a JSON object, or cannot be written as one.
    InvalidData(String),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => {
                f.write_str("the bus is closed: emit before `close`, or keep the bus open longer")
            }
            Self::ChainTooDeep { chain, limit } => write!(
                f,
                "a chain of more than {limit} events that cause each other ({}): break the cycle, or raise `chain_limit` on the builder",
                shortened(chain)
            ),
            Self::TooLarge { bytes, limit } => {
                write!(
                    f,
                    "{bytes} bytes of JSON are more than the {limit} this bus takes: send a reference instead, or raise `max_event_bytes`"
                )
            }
            Self::ReservedAttribute(name) => {
                write!(f, "`{name}` is a key of the envelope itself: choose another name for the attribute")
            }
            Self::DuplicateKind(duplicate) => duplicate.fmt(f),
            Self::InvalidData(error) => write!(f, "the data of an event must be a JSON object: {error}"),
        }
    }
}

impl std::error::Error for Refused {}

/// A chain of kinds in one line; of a long one its beginning and its end.
pub(crate) fn shortened(chain: &[String]) -> String {
    if chain.len() <= 12 {
        return chain.join(" -> ");
    }
    let (head, tail) = (&chain[..6], &chain[chain.len() - 5..]);
    format!("{} -> ... {} more ... -> {}", head.join(" -> "), chain.len() - 11, tail.join(" -> "))
}

/// One kind that two definitions declare.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DuplicateKind {
    /// The kind, or the alias.
    pub kind: String,
    /// The location of the first declaration.
    pub first: Location,
    /// The location of the second declaration.
    pub second: Location,
}

impl fmt::Display for DuplicateKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, first, second } = self;
        write!(
            f,
            "kind `{kind}` is declared at {first} and again at {second}: give one of them another `kind = \"..\"` or a `prefix`"
        )
    }
}

impl std::error::Error for DuplicateKind {}

/// The reason why a bus could not be built.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// All kinds that are declared more than once.
    DuplicateKinds(Vec<DuplicateKind>),
    /// A limit is zero that must not be.
    ZeroLimit(&'static str),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuplicateKinds(all) => {
                for (at, duplicate) in all.iter().enumerate() {
                    if at > 0 {
                        f.write_str("; ")?;
                    }
                    duplicate.fmt(f)?;
                }
                Ok(())
            }
            Self::ZeroLimit(what) => write!(f, "`{what}` is 0: it must be at least 1"),
        }
    }
}

impl std::error::Error for BuildError {}

/// The reason why a subscription could not be made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubscribeError {
    /// An async handler has no runtime.
    NoRuntime,
    /// An async handler has a timeout, and its runtime has no timers.
    NoTimers,
    /// The bus was closed.
    Closed,
    /// Another linked definition declares the same kind.
    DuplicateKind(DuplicateKind),
    /// `.concurrency(n)` on a handler that can only run one event at a time.
    SyncConcurrency,
}

impl fmt::Display for SubscribeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRuntime => f.write_str(
                "an async handler needs a tokio runtime: subscribe inside one, give the builder one with `.runtime(handle)`, or use `handle_sync`",
            ),
            Self::NoTimers => f.write_str(
                "a handler with a timeout needs a tokio runtime with timers: build it with `.enable_time()`, or drop `.timeout(d)` and the bus's `.handler_timeout(d)`",
            ),
            Self::Closed => f.write_str("the bus is closed: subscribe before `close`"),
            Self::DuplicateKind(duplicate) => duplicate.fmt(f),
            Self::SyncConcurrency => f.write_str("a sync handler runs one event at a time: drop `.concurrency(n)`, or use the async `handle`"),
        }
    }
}

impl std::error::Error for SubscribeError {}

/// The reason why a wait returned no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitError {
    /// The time is over, and no matching event was published.
    TimedOut,
    /// The bus was closed, and no matching event can come.
    Closed,
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimedOut => "no such event was published in time: check the filters, wait longer, or look back with `.since(cursor)`",
            Self::Closed => "the bus was closed before such an event was published",
        })
    }
}

impl std::error::Error for WaitError {}
