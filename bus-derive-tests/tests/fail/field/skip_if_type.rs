//! A condition for another type.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetFinished {
        #[event(default)]
        #[serde(skip_serializing_if = "is_zero")]
        target: String,
    },
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn main() {}
