//! An attribute that takes no value.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(critical = true)]
    TargetStarted,
}

fn main() {}
