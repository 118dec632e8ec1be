//! The attributes of a definition at run time.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod memory;
mod numbers;
mod policy;
mod redact;
mod serde_attributes;
mod upcast;
mod version;
