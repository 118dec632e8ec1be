//! Serde's words that mean nothing here, with the word to use.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
#[serde(tag = "type")]
pub enum BuildEvents {
    #[serde(rename = "started")]
    TargetStarted {
        #[serde(rename(serialize = "name", deserialize = "title"))]
        target: String,
        #[serde(getter = "jobs")]
        jobs: u32,
    },
}

fn main() {}
