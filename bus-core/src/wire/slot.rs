//! The keys of the envelope by position.

use crate::scope::RESERVED;

// Positions in `RESERVED`, which has the keys in the order of writing. Input may have any order.
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

/// Whether a text begins with the key of a slot, including quotes. Written out for each key,
/// because a text of known length is compared in a step or two.
#[inline]
pub(super) fn begins(text: &[u8], slot: usize) -> bool {
    match slot {
        TYPE => text.starts_with(b"\"type\""),
        STREAM => text.starts_with(b"\"stream_id\""),
        NODE => text.starts_with(b"\"node_id\""),
        EXECUTION => text.starts_with(b"\"execution_id\""),
        DATA => text.starts_with(b"\"data\""),
        TIMESTAMP => text.starts_with(b"\"timestamp\""),
        CORRELATION => text.starts_with(b"\"correlation_id\""),
        ID => text.starts_with(b"\"id\""),
        SEQ => text.starts_with(b"\"seq\""),
        VERSION => text.starts_with(b"\"version\""),
        CAUSATION => text.starts_with(b"\"causation_id\""),
        _ => false,
    }
}

/// The position of a key in [`RESERVED`].
pub(super) fn slot(key: &str) -> Option<usize> {
    RESERVED.iter().position(|own| *own == key)
}
