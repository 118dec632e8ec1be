//! A scope that is always present.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(requires(stream))]
    TargetStarted,
}

fn main() {}
