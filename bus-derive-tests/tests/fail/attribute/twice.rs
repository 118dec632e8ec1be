//! An attribute twice, in one bracket and in two.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(critical, version = 2)]
    #[event(critical)]
    TargetStarted,
}

fn main() {}
