//! A scope that there is not, and one that is always there.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(requires(nod))]
    TargetStarted,
    #[event(requires(stream))]
    TargetFinished,
}

fn main() {}
