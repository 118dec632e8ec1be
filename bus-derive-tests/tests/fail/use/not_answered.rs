//! A handler that answers an event without answers.
use bus_core::{AgentEvent, EventBus};

#[derive(AgentEvent)]
pub enum BuildEvents {
    TargetStarted { target: String },
}

fn main() {
    let bus = EventBus::new();
    bus.subscribe::<TargetStarted>().reply(async |_| true).detach();
}
