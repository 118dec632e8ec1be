//! Serde's name for a variant.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[serde(rename = "started")]
    TargetStarted,
}

fn main() {}
