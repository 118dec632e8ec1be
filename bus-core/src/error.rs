//! What can go wrong, as types that name it and say what to do.

use std::fmt;
use std::sync::Arc;

use crate::excerpt::excerpt;
use crate::payload::Location;

/// What a handler may fail with: any error, so that `?` works on all of them.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why an event is not on the bus.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// The bus was closed.
    Closed,
    /// Handlers emitted into handlers too often; the chain of kinds, oldest first.
    ChainTooDeep {
        /// The kinds of the events that led here, the refused one last.
        chain: Vec<String>,
        /// The limit that was passed.
        limit: u32,
    },
    /// The payload is larger than the bus takes.
    TooLarge {
        /// Its size as JSON, in bytes.
        bytes: usize,
        /// The limit that was passed.
        limit: usize,
    },
    /// The emitter has an attribute with a name of the envelope's own.
    ReservedAttribute(Arc<str>),
    /// The emitter has an attribute whose name is longer than a key of JSON may be.
    LongAttribute {
        /// Its length as JSON, in bytes.
        bytes: usize,
        /// The limit that was passed.
        limit: usize,
    },
    /// Another definition that is linked in declares the same kind.
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
            Self::LongAttribute { bytes, limit } => write!(
                f,
                "the name of an attribute has {bytes} bytes as JSON, which is more than {limit} bytes: put long text into its value"
            ),
            Self::DuplicateKind(duplicate) => duplicate.fmt(f),
            Self::InvalidData(error) => write!(f, "the data of an event must be a JSON object: {error}"),
        }
    }
}

impl std::error::Error for Refused {}

/// A chain of kinds in one line: its beginning and its end where it is long.
pub(crate) fn shortened(chain: &[String]) -> String {
    if chain.len() <= 12 {
        return joined(chain);
    }
    let (head, tail) = (&chain[..6], &chain[chain.len() - 5..]);
    format!("{} -> ... {} more ... -> {}", joined(head), chain.len() - 11, joined(tail))
}

fn joined(kinds: &[String]) -> String {
    let shown: Vec<_> = kinds.iter().map(|kind| excerpt(kind).to_string()).collect();
    shown.join(" -> ")
}

/// One kind that two definitions declare.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DuplicateKind {
    /// The kind, or the alias.
    pub kind: String,
    /// Where it is declared.
    pub first: Location,
    /// Where it is declared again.
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

/// Why a bus could not be built.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// Kinds that are declared more than once, all of them.
    DuplicateKinds(Vec<DuplicateKind>),
    /// A limit is zero where it must not be.
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

/// Why a subscription could not be made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubscribeError {
    /// An async handler has nowhere to run.
    NoRuntime,
    /// An async handler has a timeout, and its runtime no timers.
    NoTimers,
    /// The bus was closed.
    Closed,
    /// Another definition that is linked in declares the same kind.
    DuplicateKind(DuplicateKind),
    /// `.concurrency(n)` was asked of a handler that can only run one event at a time.
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

/// Why a wait gave no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitError {
    /// The time is over, and no such event was published.
    TimedOut,
    /// The bus was closed, and no such event can come.
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
