//! An alias that is the kind of another event, and one that is its own.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(alias("target_finished", "begun"))]
    TargetStarted,
    TargetFinished,
    #[event(alias("begun"))]
    TargetFailed,
}

fn main() {}
