//! A prefix is part of each kind.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
#[events(prefix = "build/")]
pub enum BuildEvents {
    TargetStarted,
    TargetFinished,
}

fn main() {}
