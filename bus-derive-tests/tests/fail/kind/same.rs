//! Two events of one kind.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted,
    #[event(kind = "target_started")]
    TargetBegan,
}

fn main() {}
