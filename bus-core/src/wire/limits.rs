//! How much of everything a text may have before it is refused.

/// Bytes of a kind, at most: of one that is read, and of one that is emitted.
pub(crate) const KIND_BYTES: usize = 256;

/// Bytes of one event, at most, unless a reader is told otherwise.
pub(crate) const EVENT_BYTES: usize = 16 * 1024 * 1024;

/// Levels of `data`, at most: the event's own object is one more.
pub(crate) const DATA_LEVELS: usize = Limits::DEPTH - 1;

/// Limits of reading. The text comes from outside; each of these bounds what a hostile one can cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Bytes of one event.
    pub(crate) bytes: usize,
    /// Levels of arrays and objects, the event's own object being the first.
    pub(crate) depth: usize,
    /// Bytes of one key, as written.
    pub(crate) key: usize,
    /// Bytes of a kind.
    pub(crate) kind: usize,
}

impl Limits {
    pub(crate) const DEPTH: usize = crate::json::LEVELS;

    /// The limits unless set.
    pub(crate) const fn new() -> Self {
        Self { bytes: EVENT_BYTES, depth: Self::DEPTH, key: crate::json::KEY_BYTES, kind: KIND_BYTES }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
