//! The helper is called on the bus, which has no emitter: 1 error.
use bus_core::{AgentEvent, EventBus};

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted { target: String },
}

fn main() {
    EventBus::new().emit_target_started("app").send();
}
