//! An optional scope is not enough for an event that needs it.
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
    stream.maybe_node(Some("research")).emit_node_woke().send();
}
