//! An attribute of serde that no field of an event can have.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted {
        #[serde(getter = "jobs")]
        jobs: u32,
    },
}

fn main() {}
