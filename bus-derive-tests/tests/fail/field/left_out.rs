//! A field that is left out when writing and needed when reading.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetFinished {
        #[serde(rename = "list", skip_serializing_if = "Vec::is_empty")]
        warnings: Vec<String>,
    },
}

fn main() {}
