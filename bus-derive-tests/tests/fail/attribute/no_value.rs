//! An attribute that needs a value.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(kind)]
    TargetStarted,
}

fn main() {}
