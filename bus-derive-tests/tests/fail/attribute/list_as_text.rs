//! A list without its brackets.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(requires = node)]
    TargetStarted,
}

fn main() {}
