//! A module that is not there.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted {
        #[serde(with = "hex_text")]
        digest: Vec<u8>,
    },
}

fn main() {}
