//! A colon where a value begins.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(kind: "begun")]
    TargetStarted,
}

fn main() {}
