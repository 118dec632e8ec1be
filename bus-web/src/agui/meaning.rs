//! The meaning of an event for a user interface, from its kind and the fields of its data.
//!
//! It goes by the names on the wire and needs no payload type. A dependency on the agent catalogue
//! would link its kinds into every program that serves a bus, and clash there with a program's own
//! definitions of the same kinds.

use serde_json::{Map, Value};

/// The meaning of an event for AG-UI: see [`Web::agui_map`](crate::Web::agui_map).
///
/// How an execution begins, pauses, resumes and ends is not a meaning: it is declared with
/// `#[event(execution(..))]`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Meaning {
    /// A part of a text of the event's node.
    Text {
        /// The new text.
        content: String,
        /// The whole text with it, if the event has it: tells two texts apart, and restores parts
        /// that were lost.
        snapshot: Option<String>,
    },
    /// A part of the reasoning of the event's node.
    Reasoning {
        /// The new text.
        content: String,
    },
    /// A tool was called.
    ToolStarted {
        /// The id of the call, unique in its node.
        call: String,
        /// The name of the tool.
        name: String,
        /// The arguments.
        input: Value,
    },
    /// A tool call ended.
    ToolCompleted {
        /// The id of the call.
        call: String,
        /// The name of the tool.
        name: String,
        /// The result as text.
        result: String,
    },
    /// The event's node began to work.
    StepStarted,
    /// The event's node begins another round: its texts end. It is sent as a custom event too.
    NextRound,
    /// The event's node finished its work.
    StepFinished,
    /// A member of the shared state has a new value.
    State {
        /// The name of the member.
        key: String,
        /// Its value.
        value: Value,
    },
    /// The execution waits for an answer of the user; the run ends.
    Interrupt {
        /// The question, empty if there is none.
        message: String,
    },
    /// A custom event with this name and value.
    Custom {
        /// The name, as it is sent.
        name: String,
        /// The value.
        value: Value,
    },
    /// A custom event: the prefix and the kind is its name, and the data its value.
    Other,
    /// Nothing is sent.
    Nothing,
}

impl Meaning {
    /// Returns the meaning that the kinds of the agent catalogue have; of any other kind
    /// [`Meaning::Other`].
    ///
    /// A kind whose data lacks the fields that its meaning needs is sent as it is.
    pub fn of(kind: &str, data: &Value) -> Self {
        let empty = Map::new();
        let data = data.as_object().unwrap_or(&empty);
        let meaning = match kind {
            "llm_text_delta" | "client_output_delta" => {
                text(data, "content").map(|content| Self::Text { content, snapshot: text(data, "snapshot") })
            }
            "llm_reasoning_delta" => text(data, "content").map(|content| Self::Reasoning { content }),
            "tool_call_started" => text(data, "tool_use_id").map(|call| Self::ToolStarted {
                call,
                name: text(data, "tool_name").unwrap_or_default(),
                input: data
                    .get("tool_input")
                    .filter(|input| input.is_object())
                    .cloned()
                    .unwrap_or(Value::Object(Map::new())),
            }),
            "tool_call_completed" => text(data, "tool_use_id").map(|call| Self::ToolCompleted {
                call,
                name: text(data, "tool_name").unwrap_or_default(),
                result: as_text(data.get("result")),
            }),
            "node_loop_started" => Some(Self::StepStarted),
            "node_loop_iteration" => Some(Self::NextRound),
            "node_loop_completed" => Some(Self::StepFinished),
            "state_changed" => text(data, "key")
                .map(|key| Self::State { key, value: data.get("new_value").cloned().unwrap_or_default() }),
            "client_input_requested" => {
                Some(Self::Interrupt { message: text(data, "prompt").unwrap_or_default() })
            }
            _ => None,
        };
        meaning.unwrap_or(Self::Other)
    }
}

fn text(data: &Map<String, Value>, name: &str) -> Option<String> {
    data.get(name)?.as_str().map(str::to_owned)
}

/// A result as text: the clients of 0.0.59 accept nothing else.
fn as_text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(value) => value.to_string(),
    }
}
