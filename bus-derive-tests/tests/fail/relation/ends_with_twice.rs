//! One end, named twice.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(ends_with(TargetFinished, TargetFinished))]
    TargetStarted,
    TargetFinished,
}

fn main() {}
