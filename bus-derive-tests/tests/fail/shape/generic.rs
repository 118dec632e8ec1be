//! A generic definition; its helpers have no error.
use bus_core::{AgentEvent, EventBus};

#[derive(AgentEvent)]
pub enum BuildEvents<T> {
    TargetStarted { target: T, jobs: u32 },
}

fn main() {
    EventBus::new().stream("build").emit_target_started("app", 4).send();
}
