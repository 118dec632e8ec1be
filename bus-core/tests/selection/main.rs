//! Selecting events: several values of a name, patterns, and names that nobody has.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../common/mod.rs"]
mod common;

mod names;
mod patterns;
mod values;

use bus_core::AgentEvent;

#[derive(AgentEvent)]
enum Office {
    ToolCallStarted { tool: String },
    ToolCallFinished { tool: String },
    AnswerFound { answer: String },
}

/// All kinds of this definition have a prefix.
#[derive(AgentEvent)]
#[events(prefix = "coder.")]
enum Coder {
    PatchMade { n: u64 },
    PatchApplied { n: u64 },
}
