//! Words that need a value.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
#[events(version)]
pub enum BuildEvents {
    #[event(kind, alias)]
    TargetStarted,
}

fn main() {}
