//! An attribute that needs a number.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
#[events(version)]
pub enum BuildEvents {
    TargetStarted,
}

fn main() {}
