//! A number for text.
use bus_core::{AgentEvent, EventBus};

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(requires(node))]
    TargetStarted {
        target: String,
        jobs: u32,
        #[event(default)]
        args: Vec<String>,
        memory: Option<u64>,
    },
}

fn main() {
    let node = EventBus::new().stream("build").node("compiler");
    node.emit_target_started(7_u32, 4).send();
}
