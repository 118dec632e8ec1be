//! Serde's attributes of an enum: it is never built.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
#[serde(tag = "type")]
pub enum BuildEvents {
    TargetStarted,
}

fn main() {}
