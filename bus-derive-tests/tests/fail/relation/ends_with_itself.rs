//! An event that ends itself never ends.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(ends_with(TargetStarted))]
    TargetStarted,
    TargetFinished,
}

fn main() {}
