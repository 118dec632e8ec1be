//! A step that is misspelt.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum RunEvents {
    #[event(requires(execution), execution(begin))]
    RunStarted,
}

fn main() {}
