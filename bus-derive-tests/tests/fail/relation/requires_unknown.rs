//! An unknown scope.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(requires(nod))]
    TargetStarted,
}

fn main() {}
