//! A kind that is not text.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(kind = target_started)]
    TargetStarted,
}

fn main() {}
