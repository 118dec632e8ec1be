//! The end of an execution that an emit does not need.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum RunEvents {
    #[event(requires(node), execution(ends = "completed"))]
    RunEnded,
}

fn main() {}
