//! A misspelt attribute.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(transeint)]
    TargetStarted,
}

fn main() {}
