//! There is no version before the first.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(version = 0)]
    TargetStarted,
}

fn main() {}
