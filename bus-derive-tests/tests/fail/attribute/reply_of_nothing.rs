//! Answers without a type.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum ToolEvents {
    #[event(reply)]
    ToolRequested,
}

fn main() {}
