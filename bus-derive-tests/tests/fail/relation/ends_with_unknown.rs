//! It ends with an unknown event.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(ends_with(TargetFinshed))]
    TargetStarted,
    TargetFinished,
}

fn main() {}
