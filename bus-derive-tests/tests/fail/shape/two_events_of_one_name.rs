//! Two variants of one name: the compiler reports it, and the derive adds nothing.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted { target: String },
    TargetStarted { jobs: u32 },
}

fn main() {}
