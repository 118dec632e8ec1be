//! What the words of a definition do when the program runs.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod numbers;
mod policy;
mod redact;
mod serde_words;
mod upcast;
mod version;
