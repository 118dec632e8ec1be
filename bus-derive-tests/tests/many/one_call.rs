//! Three arguments of one call are wrong: 3 errors.
use bus_core::{AgentEvent, EventBus};

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted { target: String, jobs: u32, input: bus_core::Object },
}

fn main() {
    EventBus::new().stream("build").emit_target_started(true, "four", 7).send();
}
