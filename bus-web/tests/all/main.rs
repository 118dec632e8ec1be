//! The routes over real sockets, on free ports of this machine.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod client;
mod follow;
mod guards;
mod many;
#[cfg(feature = "monitor")]
mod monitor;
mod pages;
mod quiet;
