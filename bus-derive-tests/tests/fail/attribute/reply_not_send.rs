//! An answer that cannot go to another thread.
use bus_core::AgentEvent;

pub struct Decision(*const u8);

#[derive(AgentEvent)]
pub enum ToolEvents {
    #[event(reply = Decision)]
    ToolRequested,
}

fn main() {}
