//! Two steps in one event.
use bus_core::AgentEvent;

#[derive(AgentEvent)]
pub enum RunEvents {
    #[event(requires(execution), execution(begins, resumes))]
    RunStarted,
}

fn main() {}
