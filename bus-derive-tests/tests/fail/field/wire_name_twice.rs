//! Two fields of one name on the wire.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted {
        target: String,
        #[serde(rename = "target")]
        name: String,
    },
}

fn main() {}
