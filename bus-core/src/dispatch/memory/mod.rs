//! What a bus remembers: the newest events, and what has begun and not ended.

pub(super) mod history;
pub(super) mod mark;
pub(super) mod pairs;
mod ring;
