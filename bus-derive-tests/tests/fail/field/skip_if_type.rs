//! A condition for another type.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted {
        #[serde(skip_serializing_if = "Option::is_none")]
        target: String,
    },
}

fn main() {}
