//! Words of an event on a field, and of a field on an event.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(redact)]
    TargetStarted {
        #[event(transient)]
        target: String,
    },
}

fn main() {}
