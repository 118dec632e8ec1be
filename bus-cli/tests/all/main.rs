//! The command as a person and a program call it: output, messages, exit codes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod diff;
mod executions;
mod export;
mod follow;
#[cfg(feature = "web")]
mod http;
mod journal;
mod log;
mod query;
#[cfg(feature = "web")]
mod serve;
mod show;
mod support;
mod wrong;

// Its kinds are registered by being linked, as in the command.
use bus_agent as _;
