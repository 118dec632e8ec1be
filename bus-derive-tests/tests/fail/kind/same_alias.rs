//! An alias that is the kind of another event.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(alias("target_finished"))]
    TargetStarted,
    TargetFinished,
}

fn main() {}
