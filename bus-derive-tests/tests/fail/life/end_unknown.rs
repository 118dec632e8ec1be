//! An end that no execution has.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum RunEvents {
    #[event(requires(execution), execution(ends = "ok"))]
    RunEnded,
}

fn main() {}
