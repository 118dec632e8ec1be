//! The errors, as types that name the problem and the fix.

mod store;
mod subscribe;

use std::fmt;
use std::sync::Arc;

use crate::excerpt::excerpt;
use crate::payload::{Location, Package};

pub use store::{NotRecorded, StoreError};
pub use subscribe::SubscribeError;

/// The error of a handler: any error, so that `?` works on all of them.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The reason why an event is not on the bus.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// The bus was closed.
    Closed,
    /// The bus has closed itself, because an event could not be recorded: see
    /// [`EventBusBuilder::on_unrecorded`](crate::EventBusBuilder::on_unrecorded).
    Unrecorded,
    /// A chain of handlers that emit into handlers is too deep; the chain of kinds, oldest first.
    ChainTooDeep {
        /// The kinds of the events that led here, the refused one last.
        chain: Vec<String>,
        /// The limit that was exceeded.
        limit: u32,
    },
    /// A filter or another callback published inside callbacks that nest too deep.
    TooNested,
    /// The payload is larger than the limit of the bus.
    TooLarge {
        /// Its size as JSON, in bytes.
        bytes: usize,
        /// The limit that was exceeded.
        limit: usize,
    },
    /// An attribute of the emitter has the name of an envelope key.
    ReservedAttribute(Arc<str>),
    /// The emitter has an attribute whose name is longer than a key of JSON may be.
    LongAttribute {
        /// Its length as JSON, in bytes.
        bytes: usize,
        /// The limit that was passed.
        limit: usize,
    },
    /// An interceptor of the bus refused it: see
    /// [`EventBusBuilder::intercept`](crate::EventBusBuilder::intercept).
    Intercepted {
        /// The interceptor: the path of its function, or where the closure was registered.
        by: Arc<str>,
        /// The error that it returned, or the text of its panic.
        reason: String,
    },
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
            Self::Unrecorded => f.write_str(
                "the bus has closed itself, because an event could not be recorded and it was built with `.on_unrecorded(Close)`: see its log, mend the store and build a new bus",
            ),
            Self::ChainTooDeep { chain, limit } => write!(
                f,
                "a chain of more than {limit} events that cause each other ({}): break the cycle, or raise `chain_limit` on the builder",
                shortened(chain)
            ),
            Self::TooNested => f.write_str(
                "callbacks of the bus (filters, drops, wakers, log lines) publish inside each other too deep: publish from a handler or a task instead",
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
            Self::Intercepted { by, reason } => {
                write!(f, "the interceptor `{}` refused it: {}", excerpt(by), excerpt(reason))
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
    /// The location of the first declaration.
    pub first: Location,
    /// The location of the second declaration.
    pub second: Location,
    /// The package of the first, where it is known.
    pub first_package: Option<&'static Package>,
    /// The package of the second, where it is known.
    pub second_package: Option<&'static Package>,
}

impl DuplicateKind {
    /// The two versions, where the kind is declared by two of one package.
    fn versions(&self) -> Option<(&'static Package, &'static Package)> {
        let both = self.first_package.zip(self.second_package);
        both.filter(|(first, second)| first.name == second.name && first.version != second.version)
    }
}

/// The way out for two versions of one package.
fn two_versions(what: &str, versions: (&Package, &Package), example: &DuplicateKind) -> String {
    let ((first, second), DuplicateKind { first: here, second: there, .. }) = (versions, example);
    format!(
        "{what} declared by {first} ({here}) and by {second} ({there}), two versions of one package: let all that \
         depend on it take one version (`cargo tree --invert {}@{}` shows who takes that one), or say which one this bus \
         takes: `EventBus::builder().prefer::<D>()`, with the definition of that version",
        second.name, second.version
    )
}

/// Where something is declared, with the package where it is known.
fn declared(at: Location, package: Option<&Package>) -> String {
    package.map_or_else(|| at.to_string(), |package| format!("{at} ({package})"))
}

impl fmt::Display for DuplicateKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, first, second, first_package, second_package } = self;
        if let Some(versions) = self.versions() {
            return f.write_str(&two_versions(&format!("kind `{kind}` is"), versions, self));
        }
        write!(
            f,
            "kind `{kind}` is declared at {} and again at {}: give one of them another `kind = \"..\"` or a `prefix`, \
             or say which one this bus takes: `EventBus::builder().prefer::<D>()`",
            declared(*first, *first_package),
            declared(*second, *second_package)
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
    /// The store cannot begin a run.
    Store(StoreError),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuplicateKinds(all) => f.write_str(&all_duplicates(all)),
            Self::ZeroLimit("handler_timeout") => {
                f.write_str("`handler_timeout` is 0: give handlers some time, or `None` for no limit")
            }
            Self::ZeroLimit(what) => write!(f, "`{what}` is 0: it must be at least 1"),
            Self::Store(error) => write!(f, "the store cannot begin a run: {error}"),
        }
    }
}

/// Two versions of one package share many kinds: those are one sentence.
fn all_duplicates(all: &[DuplicateKind]) -> String {
    let mut texts = Vec::new();
    let mut seen = Vec::new();
    for duplicate in all {
        let Some(versions) = duplicate.versions() else {
            texts.push(duplicate.to_string());
            continue;
        };
        if seen.contains(&versions) {
            continue;
        }
        seen.push(versions);
        let same: Vec<_> = all.iter().filter(|other| other.versions() == Some(versions)).collect();
        let named: Vec<_> = same.iter().take(3).map(|other| format!("`{}`", other.kind)).collect();
        let what = match same.len() {
            1 => format!("kind {} is", named[0]),
            2 | 3 => format!("kinds {} are", named.join(", ")),
            more => format!("kinds {} and {} more are", named.join(", "), more - 3),
        };
        texts.push(two_versions(&what, versions, duplicate));
    }
    texts.join("; ")
}

impl std::error::Error for BuildError {}

/// The reason why a wait returned no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitError {
    /// The time is over, and no matching event was published.
    TimedOut,
    /// The bus was closed, and no matching event can come.
    Closed,
    /// The wait has a timeout, and was awaited outside a tokio runtime with timers.
    NoTimers,
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimedOut => "no such event was published in time: check the filters, wait longer, or look back with `.since(cursor)`",
            Self::Closed => "the bus was closed before such an event was published",
            Self::NoTimers => "a wait with a timeout needs a tokio runtime with timers: await it inside one that was built with `.enable_time()`, or drop `.timeout(d)`",
        })
    }
}

impl std::error::Error for WaitError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn duplicate(kind: &str, first: &'static Package, second: &'static Package) -> DuplicateKind {
        DuplicateKind {
            kind: kind.to_owned(),
            first: Location { file: "shop-1/src/lib.rs", line: 3 },
            second: Location { file: "shop-2/src/lib.rs", line: 4 },
            first_package: Some(first),
            second_package: Some(second),
        }
    }

    const OLD: &Package = &Package { name: "shop-events", version: "1.4.0" };
    const NEW: &Package = &Package { name: "shop-events", version: "2.0.1" };

    #[test]
    fn two_versions_of_one_package_are_named_once_with_the_way_out() {
        let kinds: Vec<_> = (0..33).map(|kind| duplicate(&format!("kind_{kind}"), OLD, NEW)).collect();
        assert_eq!(
            BuildError::DuplicateKinds(kinds).to_string(),
            "kinds `kind_0`, `kind_1`, `kind_2` and 30 more are declared by shop-events 1.4.0 (shop-1/src/lib.rs:3) and by \
             shop-events 2.0.1 (shop-2/src/lib.rs:4), two versions of one package: let all that depend on it take one \
             version (`cargo tree --invert shop-events@2.0.1` shows who takes that one), or say which one this bus takes: \
             `EventBus::builder().prefer::<D>()`, with the definition of that version"
        );
        let one = duplicate("order_placed", OLD, NEW).to_string();
        assert!(one.starts_with("kind `order_placed` is declared by shop-events 1.4.0 ("), "{one}");
    }

    #[test]
    fn two_packages_may_rename_or_choose() {
        let other = &Package { name: "till-events", version: "2.0.1" };
        let text = BuildError::DuplicateKinds(vec![duplicate("order_placed", OLD, other)]).to_string();
        for part in ["shop-events 1.4.0", "till-events 2.0.1", "another `kind = ", ".prefer::<D>()"] {
            assert!(text.contains(part), "{part} is not in: {text}");
        }
    }
}
