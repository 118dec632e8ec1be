//! Two attributes for one default.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted {
        #[event(default = 4)]
        #[serde(default)]
        jobs: u32,
    },
}

fn main() {}
