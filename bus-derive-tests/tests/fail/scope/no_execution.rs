//! The emitter has a node and no execution.
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
    let node = EventBus::new().stream("desk").node("research");
    node.emit_answer_found("42").send();
}
