//! An attribute that says nothing.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event]
    TargetStarted,
}

fn main() {}
