//! The pair is matched by a field that one event does not have.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(ends_with(TargetFinished, by(target)))]
    TargetStarted { target: String },
    TargetFinished { name: String },
}

fn main() {}
