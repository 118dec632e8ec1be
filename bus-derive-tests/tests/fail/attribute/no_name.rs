//! A value without an attribute.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event("begun")]
    TargetStarted,
}

fn main() {}
