//! A struct under the derive.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub struct TargetStarted {
    pub target: String,
    pub jobs: u32,
}

fn main() {}
