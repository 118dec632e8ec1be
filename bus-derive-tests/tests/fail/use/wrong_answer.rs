//! A handler that answers with another type.
use bus_core::{AgentEvent, Event, EventBus};

pub struct Decision;

#[derive(AgentEvent)]
pub enum ToolEvents {
    #[event(reply = Decision)]
    ToolRequested { tool: String },
}

async fn decide(_: Event<ToolRequested>) -> u8 {
    1
}

fn main() {
    let bus = EventBus::new();
    bus.subscribe::<ToolRequested>().reply(decide).detach();
}
