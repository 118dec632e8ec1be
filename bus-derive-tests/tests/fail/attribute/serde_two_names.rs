//! One name for writing and another for reading.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted {
        #[serde(rename(serialize = "name", deserialize = "title"))]
        target: String,
    },
}

fn main() {}
