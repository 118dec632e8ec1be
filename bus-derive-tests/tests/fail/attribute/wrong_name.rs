//! `event` on the enum.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
#[event(version = 2)]
pub enum BuildEvents {
    TargetStarted,
}

fn main() {}
