//! A default that names what is not there.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted {
        #[event(default = JOBS)]
        jobs: u32,
    },
}

fn main() {}
