//! The latest value of an event that is not sticky.
use bus_core::{AgentEvent, EventBus};

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted { target: String },
}

fn main() {
    let bus = EventBus::new();
    let latest = bus.latest::<TargetStarted>();
    drop(latest);
}
