//! An attribute that is unknown on a field.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted {
        #[event(skip)]
        target: String,
    },
}

fn main() {}
