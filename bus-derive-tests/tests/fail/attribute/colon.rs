//! A colon before a value.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(kind: "begun")]
    TargetStarted,
}

fn main() {}
