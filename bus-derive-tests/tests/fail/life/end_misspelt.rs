//! The American spelling of an end.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum RunEvents {
    #[event(requires(execution), execution(ends = "canceled"))]
    RunStopped,
}

fn main() {}
