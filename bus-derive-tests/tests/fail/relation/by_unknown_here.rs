//! The pair is matched by a field that the first event does not have.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(ends_with(TargetFinished, TargetFailed, by(traget)))]
    TargetStarted { target: String },
    TargetFinished { target: String },
    TargetFailed { target: String },
}

fn main() {}
