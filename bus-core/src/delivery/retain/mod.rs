//! The events that a bus retains: the newest ones, the current values, and the beginnings without
//! an end.

pub(crate) mod history;
pub(crate) mod latest;
mod log;
pub(crate) mod mark;
pub(crate) mod pairs;
