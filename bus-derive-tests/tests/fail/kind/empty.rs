//! A kind is not empty.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(kind = "")]
    TargetStarted,
}

fn main() {}
