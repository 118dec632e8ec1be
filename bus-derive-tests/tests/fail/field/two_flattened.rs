//! Two fields that would take the same keys.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted {
        #[serde(flatten)]
        one: std::collections::BTreeMap<String, u32>,
        #[serde(flatten)]
        two: std::collections::BTreeMap<String, u32>,
    },
}

fn main() {}
