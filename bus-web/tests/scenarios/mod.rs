//! Executions, and the messages that a client must show of them: for the tests here, and for real
//! clients in `.ci/agui`.
#![allow(
    dead_code,
    clippy::too_many_lines,
    clippy::needless_pass_by_value,
    reason = "lists of data, of which each program uses a part"
)]

mod ends;
mod list;

use bus_agent as _; // declares the kinds
use bus_core::{AgentEvent, AnyEvent, Emitter, Execution, NoNode};
use bus_web::agui::Meaning;
use serde_json::Value;

pub(crate) use list::scenarios;

/// Kinds that the agent catalogue does not have.
#[derive(AgentEvent)]
#[events(prefix = "check.")]
pub(crate) enum CheckEvents {
    /// Somebody stopped the execution.
    #[event(requires(execution), execution(ends = "cancelled"))]
    Cancelled {
        /// Why.
        reason: String,
    },
    /// A text in a form of its own.
    #[event(requires(node))]
    Sentence {
        /// The text.
        text: String,
    },
    /// Nobody's business.
    Internal,
}

/// The meaning of the own kinds.
pub(crate) fn map(event: &AnyEvent) -> Option<Meaning> {
    match event.kind() {
        "check.sentence" => {
            Some(Meaning::Text { content: event.data()["text"].as_str()?.to_owned(), snapshot: None })
        }
        "check.internal" => Some(Meaning::Nothing),
        _ => None,
    }
}

/// One step of an execution.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// An event: the node, empty for none, the kind and the data.
    Emit(String, &'static str, Value),
    /// The client answers the interrupt before.
    Answer,
}

/// An execution, and what a client shows of it.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) steps: Vec<Step>,
    /// A line for each message: its role, its text and its calls.
    pub(crate) said: Vec<&'static str>,
    /// `success`, or the code of the error.
    pub(crate) end: &'static str,
}

impl Scenario {
    /// The events of one run: those behind the n-th answer.
    pub(crate) fn run(&self, answers: usize) -> Vec<(String, &'static str, Value)> {
        let parts: Vec<&[Step]> = self.steps.split(|step| matches!(step, Step::Answer)).collect();
        let steps = parts.get(answers).copied().unwrap_or_default();
        let emits = steps.iter().filter_map(|step| match step {
            Step::Emit(node, kind, data) => Some((node.clone(), *kind, data.clone())),
            Step::Answer => None,
        });
        emits.collect()
    }

    /// The number of runs.
    pub(crate) fn runs(&self) -> usize {
        1 + self.steps.iter().filter(|step| matches!(step, Step::Answer)).count()
    }
}

/// Publishes one event.
pub(crate) fn emit(emitter: &Emitter<NoNode, Execution>, (node, kind, data): (String, &str, Value)) {
    if node.is_empty() {
        emitter.emit_dynamic(kind, data).send();
    } else {
        emitter.node(node).emit_dynamic(kind, data).send();
    }
}
