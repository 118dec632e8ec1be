//! A kind has small letters.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(kind = "Target-Started")]
    TargetStarted,
}

fn main() {}
