//! The complete outputs, breaking changes, and the uses of events in sources.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what tests share is as much a test as they are")]

#[rustfmt::skip]
#[path = "../expected/calls.rs"]
mod calls;
mod changes;
mod define;
mod files;
#[path = "../hard/mod.rs"]
#[allow(dead_code, reason = "the fields are for readers of the catalogue")]
mod hard;
mod hard_types;
mod links;
mod many;
mod nested;
mod outputs;
mod snippets;
mod tasks;
mod usage;
