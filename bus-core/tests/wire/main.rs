//! Events as JSON, both ways, through the public surface only.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod back;
#[path = "../common/mod.rs"]
mod common;
mod define;
mod fields;
mod foreign;
mod lenient;
mod lines;
mod mutate;
mod odd;
mod python;
mod read;
mod recording;
mod write;
