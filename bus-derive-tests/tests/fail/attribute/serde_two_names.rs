//! One name to write and another to read.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted {
        #[serde(rename(serialize = "name", deserialize = "title"))]
        target: String,
    },
}

fn main() {}
