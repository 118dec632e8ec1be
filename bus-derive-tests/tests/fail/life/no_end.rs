//! An end that does not say how.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum RunEvents {
    #[event(requires(execution), execution(ends))]
    RunEnded,
}

fn main() {}
