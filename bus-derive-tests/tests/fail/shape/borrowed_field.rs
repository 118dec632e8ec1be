//! A field that borrows; its helper has no error.
use bus_core::{AgentEvent, EventBus};

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted { target: &'static str },
}

fn main() {
    EventBus::new().stream("build").emit_target_started("app").send();
}
