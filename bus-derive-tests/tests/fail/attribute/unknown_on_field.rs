//! A word that no field knows.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted {
        #[event(skip)]
        target: String,
    },
}

fn main() {}
