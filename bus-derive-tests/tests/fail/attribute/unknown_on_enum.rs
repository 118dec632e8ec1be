//! A word that the enum does not know.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
#[events(verison = 2)]
pub enum BuildEvents {
    TargetStarted,
}

fn main() {}
