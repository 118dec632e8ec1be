//! Subscribing to a type that is not an event.
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
    let _ = EventBus::new().subscribe::<String>();
}
