//! A default with an unknown name.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted {
        #[event(default = JOBS)]
        jobs: u32,
    },
}

fn main() {}
