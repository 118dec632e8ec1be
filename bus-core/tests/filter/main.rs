//! Filters as values: their text, what fits them, and subscriptions and queries that take one.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../common/mod.rs"]
mod common;

mod fit;
mod text;
mod uses;

use bus_core::{AgentEvent, Filter};
use serde_json::Value;

#[derive(AgentEvent)]
enum Tools {
    #[event(alias("tool_begun"))]
    ToolStarted { tool: String },
    ToolEnded {
        tool: String,
        #[event(default)]
        is_error: bool,
    },
    Asked {
        question: Value,
        #[event(redact)]
        secret: String,
    },
}

fn filter(text: &str) -> Filter {
    text.parse().unwrap()
}
