//! Tests of the journal with real files.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what tests share is as much a test as they are")]

mod damage;
mod find;
mod handover;
mod import;
mod keep;
mod open;
mod pairs;
mod past;
mod paths;
mod query;
mod record;
mod retain;
mod support;
