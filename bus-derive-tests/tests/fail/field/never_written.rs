//! A field that is never written and needed when reading.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetFinished {
        #[serde(skip_serializing)]
        cache: u32,
    },
}

fn main() {}
