//! The setter of an `Option` takes the type inside of it.
use bus_core::{AgentEvent, EventBus};

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted { target: String, memory: Option<u64> },
}

fn main() {
    EventBus::new().stream("build").emit_target_started("app").memory(Some(512)).send();
}
