//! An attribute of a field on an event.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(redact)]
    TargetStarted { target: String },
}

fn main() {}
