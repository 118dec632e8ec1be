//! An alias that is the kind of its own event.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(alias("target_started"))]
    TargetStarted,
}

fn main() {}
