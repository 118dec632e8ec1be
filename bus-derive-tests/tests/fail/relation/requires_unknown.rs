//! A scope that there is not.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(requires(nod))]
    TargetStarted,
}

fn main() {}
