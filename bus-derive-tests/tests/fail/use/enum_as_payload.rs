//! The definition is not an event.
use bus_core::{AgentEvent, EventBus};

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted { target: String },
    BuildFinished,
}

fn main() {
    EventBus::new().stream("build").emit(BuildEvents::BuildFinished).send();
}
