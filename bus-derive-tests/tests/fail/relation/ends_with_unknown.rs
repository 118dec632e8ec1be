//! It ends with what is not there.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(ends_with(TargetFinshed))]
    TargetStarted,
    TargetFinished,
}

fn main() {}
