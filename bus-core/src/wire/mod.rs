//! Events as JSON, writing and reading.
//!
//! One event is one object on one line: the seven keys of the Python bus in its order, null if
//! absent, then the attributes, then `id`, `seq`, `version` and `causation_id`.
//!
//! # What a reader accepts
//! The keys come in any order. A key that is null counts as missing. The schemas of the catalogue
//! describe the same, but for a `seq` or `version` in the form of another system.
//!
//! | key | value | missing |
//! |---|---|---|
//! | `type` | a string of 1 to 256 bytes: a declared kind, an alias, or any other name | an error |
//! | `stream_id` | a string | an error |
//! | `node_id`, `execution_id`, `correlation_id` | a string | none, also where an emit needs one |
//! | `data` | any JSON: an object with the fields for a declared kind | an empty object |
//! | `timestamp` | a string, see below | an error |
//! | `id`, `causation_id` | a string | none |
//! | `seq` | a whole number below 2⁶⁴; any other number or string is kept | none |
//! | `version` | a whole number below 2³²; any other number or string is kept | 1 if declared |
//! | any other | any JSON: an attribute if it is a string, else kept | |
//!
//! `1.0` is the whole number 1. A field of `data` may be missing or null where it has a default or
//! is an `Option`.
//!
//! A time is `YYYY-MM-DD`, then `T`, `t` or a space, then `HH:MM`, then perhaps `:SS`, and behind
//! that perhaps `.` or `,` and digits. At its end it may have a zone: `Z`, `z`, or `+` or `-` with
//! `HH`, `HHMM`, `HH:MM` or `HH:MM:SS`; without one it is in the zone of the reader. The year is
//! 0001 to 9999, the day one of its month, the second at most 59.
//!
//! # Lenient reading
//! [`Reader::lenient`] also takes lines of other systems, and what Python and JavaScript write that
//! is not JSON; it counts each change.
//!
//! # Ids of other systems
//! An `id` or `causation_id` that is not `<run>-<seq>`, such as a UUID, is written back as it was
//! read. In the program an [`EventId`](crate::EventId) stands for it, which is the bits of a UUID
//! and a hash of any other text. It is the same in every process, so
//! [`Event::causation`](crate::Event::causation) finds the cause among the events of a recording,
//! and the event that a handler emits is written with the cause's own id.
//! [`Event::foreign_id`](crate::Event::foreign_id) returns the text.
//!
//! A `version` such as `"0.0.1"` is written back, and counts as none when the data is read; of 2.5
//! the whole part counts. A `seq` such as `"a-17"` is written back by
//! [`ReadEvent`](crate::ReadEvent); when the event is published again its place gets the seq of
//! this bus, and it is kept as `foreign_seq`.

mod cloudevent;
mod envelope;
mod error;
mod format;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod keys;
mod lenient;
mod limits;
mod lines;
mod object;
mod read;
mod scalar;
mod scan;
mod scopes;
mod slot;
mod text;
mod write;

#[cfg(test)]
mod tests;

pub(crate) use limits::{DATA_LEVELS, KIND_BYTES};

pub use crate::time::{Zone, ZoneError};
pub use error::{ReadError, ReadProblem};
pub use format::Format;
pub use lenient::Mended;
pub use lines::{LineCause, LineError};
pub use read::{ReadLines, Reader};
pub use scalar::{Base64, InvalidBase64, Millis};
