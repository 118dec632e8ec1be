//! The type of the answers as text.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum ToolEvents {
    #[event(reply = "Decision")]
    ToolRequested,
}

fn main() {}
