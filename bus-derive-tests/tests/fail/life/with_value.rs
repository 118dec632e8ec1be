//! A step that takes no value.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum RunEvents {
    #[event(requires(execution), execution(begins = "now"))]
    RunStarted,
}

fn main() {}
