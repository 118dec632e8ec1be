//! An unfinished default.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted {
        #[event(default = )]
        jobs: u32,
    },
}

fn main() {}
