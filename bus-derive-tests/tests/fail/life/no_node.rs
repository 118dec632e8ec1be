//! A pause that neither an execution nor a node has.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum RunEvents {
    #[event(execution(pauses))]
    RunPaused,
}

fn main() {}
