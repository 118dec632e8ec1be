//! The keys of the envelope, by their places.

use crate::scope::RESERVED;

// Places in `RESERVED`, which has the keys in the order they are written. What comes from elsewhere may have any.
pub(super) const TYPE: usize = 0;
pub(super) const STREAM: usize = 1;
pub(super) const NODE: usize = 2;
pub(super) const EXECUTION: usize = 3;
pub(super) const DATA: usize = 4;
pub(super) const TIMESTAMP: usize = 5;
pub(super) const CORRELATION: usize = 6;
pub(super) const ID: usize = 7;
pub(super) const SEQ: usize = 8;
pub(super) const VERSION: usize = 9;
pub(super) const CAUSATION: usize = 10;

/// [`RESERVED`] as it is written.
pub(super) const QUOTED: [&str; RESERVED.len()] = [
    "\"type\"",
    "\"stream_id\"",
    "\"node_id\"",
    "\"execution_id\"",
    "\"data\"",
    "\"timestamp\"",
    "\"correlation_id\"",
    "\"id\"",
    "\"seq\"",
    "\"version\"",
    "\"causation_id\"",
];

/// The place of a key in [`RESERVED`].
pub(super) fn slot(key: &str) -> Option<usize> {
    RESERVED.iter().position(|own| *own == key)
}
