//! An attribute that is unknown on the enum.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
#[events(verison = 2)]
pub enum BuildEvents {
    TargetStarted,
}

fn main() {}
