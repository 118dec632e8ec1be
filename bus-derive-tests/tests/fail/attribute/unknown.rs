//! An unknown attribute without a near one.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(priority = 3)]
    TargetStarted,
}

fn main() {}
