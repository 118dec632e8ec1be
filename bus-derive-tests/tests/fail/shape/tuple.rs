//! A tuple variant; its helper and the rest of the file have no error.
use bus_core::{AgentEvent, EventBus};

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted(String, u32),
    TargetFinished { target: String },
}

fn main() {
    let stream = EventBus::new().stream("build");
    stream.emit_target_started("app", 4).send();
    stream.emit_target_finished("app").send();
}
