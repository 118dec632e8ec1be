//! Events as JSON, writing and reading.
//!
//! One event is one object on one line: the seven keys of the Python bus in its order, null if
//! absent, then the attributes, then `id`, `seq`, `version` and `causation_id`.

mod envelope;
mod error;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod keys;
mod limits;
mod lines;
mod object;
mod read;
mod scan;
mod scopes;
mod slot;
mod text;
mod time;
mod write;
mod zone;

#[cfg(test)]
mod tests;

pub(crate) use limits::{DATA_LEVELS, KIND_BYTES};
pub(crate) use time::write as write_time;

pub use error::{ReadError, ReadProblem};
pub use lines::{LineCause, LineError};
pub use read::{ReadLines, Reader};
pub use zone::{Zone, ZoneError};

/// Reads a time as text, in UTC if it has no zone.
pub(crate) fn parse_time(text: &str) -> Option<std::time::SystemTime> {
    time::parse(text, &Zone::UTC).ok()
}
