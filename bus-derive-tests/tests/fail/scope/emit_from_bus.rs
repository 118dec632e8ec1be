//! An emit from the bus itself, which has no stream.
use bus_core::{AgentEvent, EventBus};

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted { target: String },
}

fn main() {
    let bus = EventBus::new();
    bus.emit_target_started("app").send();
}
