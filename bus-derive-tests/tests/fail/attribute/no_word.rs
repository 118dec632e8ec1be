//! A value where a word should be.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event("begun")]
    TargetStarted,
}

fn main() {}
