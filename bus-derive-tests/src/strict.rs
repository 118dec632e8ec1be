//! Generated code under every lint of the compiler and of clippy that a user could deny: one
//! attribute of each kind, checked by `cargo clippy` with the rest of the workspace.
#![deny(
    warnings,
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    unused_results,
    missing_debug_implementations,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::as_conversions,
    clippy::arithmetic_side_effects,
    clippy::missing_inline_in_public_items,
    clippy::default_numeric_fallback,
    clippy::same_name_method,
    clippy::todo
)]

use std::collections::BTreeMap;

use bus_core::{AgentEvent, BoxError, Object};
use serde_json::Value;

/// A definition with everything in it.
#[derive(AgentEvent, Debug)]
#[events(version = 2, prefix = "strict.")]
pub enum StrictEvents {
    /// It began.
    #[event(requires(node, execution), ends_with(StrictEnded, by(name)), alias("strict.begun"))]
    StrictStarted {
        /// What.
        name: String,
        /// How often.
        #[event(default)]
        times: u32,
        /// How long.
        #[event(default = Some(3))]
        length: Option<u64>,
        /// In which way.
        #[event(default = "plain")]
        style: String,
        /// Nobody may see it.
        #[event(redact)]
        token: String,
        /// The input.
        input: Object,
        /// The output.
        #[event(default)]
        headers: BTreeMap<String, String>,
        /// The storage.
        #[serde(skip)]
        cache: u8,
    },
    /// It ended.
    #[event(critical, upcast = raise, sticky, reply = bool)]
    StrictEnded {
        /// What.
        name: String,
        /// The rest.
        #[serde(flatten)]
        rest: Object,
    },
    /// It moved.
    #[event(transient, coalesce(name))]
    StrictMoved {
        /// What.
        name: String,
        /// Where to: eight numbers, which is more than a function should take.
        a: f64,
        /// See `a`.
        b: f64,
        /// See `a`.
        c: f64,
        /// See `a`.
        d: f64,
        /// See `a`.
        e: f64,
        /// See `a`.
        f: f64,
        /// See `a`.
        g: f64,
        /// See `a`.
        h: bool,
        /// See `a`.
        i: bool,
        /// See `a`.
        j: bool,
        /// See `a`.
        k: bool,
    },
    /// It is over.
    StrictOver,
}

fn raise(_: u32, data: Value) -> Result<Value, BoxError> {
    if data.is_object() { Ok(data) } else { Err("no object".into()) }
}
