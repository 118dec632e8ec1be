//! The limits of a text.

/// The most bytes of a kind, when reading and when emitting.
pub(crate) const KIND_BYTES: usize = 256;

/// The most bytes of one event, unless a reader has another limit.
pub(crate) const EVENT_BYTES: usize = 16 * 1024 * 1024;

/// The most levels of `data`: the event's own object is one more.
pub(crate) const DATA_LEVELS: usize = Limits::DEPTH - 1;

/// Limits of reading. The text comes from outside; each limit bounds the cost of a hostile one.
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

    /// The default limits.
    pub(crate) const fn new() -> Self {
        Self { bytes: EVENT_BYTES, depth: Self::DEPTH, key: crate::json::KEY_BYTES, kind: KIND_BYTES }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
