//! An alias that two events have.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(alias("begun"))]
    TargetStarted,
    #[event(alias("begun"))]
    TargetFailed,
}

fn main() {}
