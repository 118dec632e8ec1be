//! An unknown module.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted {
        #[serde(with = "hex_text")]
        digest: Vec<u8>,
    },
}

fn main() {}
