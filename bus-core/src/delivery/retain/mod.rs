//! The events that a bus retains: the newest ones, and the beginnings without an end.

pub(crate) mod history;
mod log;
pub(crate) mod mark;
pub(crate) mod pairs;
