//! Faults of delivery that users met, each as the test that a user would write.
//!
//! A test that could hang, overflow the stack or abort the process runs in a child of its own.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../common/mod.rs"]
mod common;

mod accounts;
mod blocked;
mod blocking;
mod callbacks;
mod capacity;
mod capture;
mod chains;
mod closing;
mod drops;
mod events;
mod flood;
mod handover;
mod loss;
mod members;
mod memory;
mod payloads;
mod permits;
mod programs;
mod resume;
mod retries;
mod slow;
mod steps;
