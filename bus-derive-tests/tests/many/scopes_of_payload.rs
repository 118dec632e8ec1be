//! Two scopes are missing where a payload is emitted: 2 errors.
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
    stream.emit(AnswerFound::new("42")).send();
}
