//! A step that no execution has.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum RunEvents {
    #[event(requires(execution), execution(sleeping))]
    RunSlept,
}

fn main() {}
