//! A default of another type.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted {
        #[event(default = "four")]
        jobs: u32,
    },
}

fn main() {}
