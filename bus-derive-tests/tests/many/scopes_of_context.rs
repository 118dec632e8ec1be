//! A context of the user's own has neither scope, called three times: 4 errors.
use bus_core::{AgentEvent, Emitter, Scoped};

#[derive(AgentEvent)]
pub enum DeskEvents {
    #[event(requires(node))]
    NodeWoke,
    #[event(requires(execution))]
    ExecutionDone,
    #[event(requires(node, execution))]
    AnswerFound { answer: String, source: Option<String> },
}

struct Desk(Emitter);

impl Scoped for Desk {
    type Emitter = Emitter;

    fn emitter(&self) -> &Emitter {
        &self.0
    }
}

fn main() {}

fn work(desk: &Desk) {
    desk.emit_node_woke().send();
    desk.emit_execution_done().send();
    desk.emit_answer_found("42").source("a").send();
}
