//! Orders of calls that only somebody who reads the delivery core against its rules would try.
//!
//! A test that could hang, overflow the stack or abort the process runs in a child of its own.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../common/mod.rs"]
mod common;

mod depth;
mod ends;
mod events;
mod log;
mod observer;
mod replay;
mod waits;
