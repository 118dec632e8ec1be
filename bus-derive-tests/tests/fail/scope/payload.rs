//! Emitting a payload needs the same scope as the helper.
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
    stream.emit(NodeWoke).send();
}
