//! An attribute that needs a list.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(alias)]
    TargetStarted,
}

fn main() {}
