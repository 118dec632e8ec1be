//! An attribute of serde twice.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted {
        #[serde(rename = "name", default, rename = "title")]
        target: String,
    },
}

fn main() {}
