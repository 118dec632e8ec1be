//! An unknown type.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted { target: BuildTargetName },
}

fn main() {}
