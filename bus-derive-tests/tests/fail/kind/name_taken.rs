//! An event with the name of its definition.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    BuildEvents,
    TargetStarted,
}

fn main() {}
