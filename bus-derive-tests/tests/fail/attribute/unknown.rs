//! A word that is near to none.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(priority = 3)]
    TargetStarted,
}

fn main() {}
