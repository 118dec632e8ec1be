//! An alias is a kind too.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(alias("TargetStarted"))]
    TargetStarted,
}

fn main() {}
