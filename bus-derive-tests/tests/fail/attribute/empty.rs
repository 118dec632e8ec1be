//! An attribute without content.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event]
    TargetStarted,
}

fn main() {}
