//! A misspelt keyword inside of `ends_with`.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum BuildEvents {
    #[event(ends_with(TargetFinished, bye(target)))]
    TargetStarted { target: String },
    TargetFinished { target: String },
}

fn main() {}
