//! Two scopes are missing: 2 errors.
use bus_core::{AgentEvent, EventBus};

#[derive(AgentEvent)]
pub enum DeskEvents {
    #[event(requires(node))]
    NodeWoke,
    #[event(requires(execution))]
    ExecutionDone,
    #[event(requires(node, execution))]
    AnswerFound {
        answer: String,
    },
}

fn main() {
    let stream = EventBus::new().stream("desk");
    stream.emit_answer_found("42").send();
}
