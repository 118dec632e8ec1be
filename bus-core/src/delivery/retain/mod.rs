//! What a bus retains: the newest events, and what has begun and not ended.

pub(crate) mod history;
mod log;
pub(crate) mod mark;
pub(crate) mod pairs;
