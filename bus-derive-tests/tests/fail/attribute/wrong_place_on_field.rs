//! An attribute of an event on a field.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted {
        #[event(transient)]
        target: String,
    },
}

fn main() {}
