//! The complete outputs, breaking changes, and the uses of events in sources.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what tests share is as much a test as they are")]

#[rustfmt::skip]
#[path = "../expected/calls.rs"]
mod calls;
mod changes;
mod define;
mod files;
mod many;
mod outputs;
mod snippets;
mod usage;
