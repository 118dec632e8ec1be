//! A derive that every payload has.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
#[events(derive(PartialEq, Clone))]
pub enum BuildEvents {
    TargetStarted,
    TargetFinished,
}

fn main() {}
