//! The Python bus that this one succeeds: what it did right, and what it got wrong, a test a line.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../common/mod.rs"]
mod common;
mod mended;
mod stays;

use bus_core::AgentEvent;

/// A few of the kinds of that bus.
#[derive(AgentEvent)]
enum DeskEvents {
    #[event(requires(execution))]
    ExecutionStarted,
    #[event(requires(execution))]
    ExecutionCompleted { answer: String },
    #[event(requires(node))]
    ToolCallStarted { tool_name: String },
    #[event(requires(node), transient)]
    LlmTextDelta { content: String },
    /// Something to count by.
    Ticked { n: u64 },
}
