//! A context of the user's own whose emitter has no execution.
use bus_core::{AgentEvent, Emitter, Node, Scoped};

#[derive(AgentEvent)]
pub enum DeskEvents {
    #[event(requires(node, execution))]
    AnswerFound { answer: String },
}

struct Researcher {
    emitter: Emitter<Node>,
}

impl Scoped for Researcher {
    type Emitter = Emitter<Node>;

    fn emitter(&self) -> &Self::Emitter {
        &self.emitter
    }
}

fn main() {}

fn answer(me: &Researcher) {
    me.emit_answer_found("42").send();
}
