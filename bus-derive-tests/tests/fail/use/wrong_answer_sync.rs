//! A synchronous handler that answers with nothing.
use bus_core::{AgentEvent, EventBus};

pub struct Decision;

#[derive(AgentEvent)]
pub enum ToolEvents {
    #[event(reply = Decision)]
    ToolRequested { tool: String },
}

fn main() {
    let bus = EventBus::new();
    bus.subscribe::<ToolRequested>().reply_sync(|_| ()).detach();
}
