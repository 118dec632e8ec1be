//! The scope that an emit needs, without `requires`.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum RunEvents {
    #[event(execution)]
    RunStarted,
}

fn main() {}
