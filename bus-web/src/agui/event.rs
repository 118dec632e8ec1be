//! The events of AG-UI, with the fields that the clients 0.0.59 and 1.0 both accept.

use serde::Serialize;
use serde_json::Value;

/// One event of AG-UI, as it is written: an absent field is left out, because the clients reject
/// null.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AguiEvent {
    /// The event with its fields.
    #[serde(flatten)]
    pub body: Body,
    /// Milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<u64>,
}

/// The types of events that this server sends.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names and the meaning are those of the AG-UI specification")]
pub enum Body {
    RunStarted {
        thread_id: String,
        run_id: String,
        protocol_version: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        parent_run_id: Option<String>,
    },
    RunFinished {
        thread_id: String,
        run_id: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        result: Option<Value>,
        outcome: Outcome,
    },
    RunError {
        message: String,
        code: String,
    },
    StepStarted {
        step_name: String,
    },
    StepFinished {
        step_name: String,
    },
    TextMessageStart {
        message_id: String,
        role: &'static str,
    },
    TextMessageContent {
        message_id: String,
        delta: String,
    },
    TextMessageEnd {
        message_id: String,
    },
    ReasoningStart {
        message_id: String,
    },
    ReasoningMessageStart {
        message_id: String,
        role: &'static str,
    },
    ReasoningMessageContent {
        message_id: String,
        delta: String,
    },
    ReasoningMessageEnd {
        message_id: String,
    },
    ReasoningEnd {
        message_id: String,
    },
    ToolCallStart {
        tool_call_id: String,
        tool_call_name: String,
        parent_message_id: String,
    },
    ToolCallArgs {
        tool_call_id: String,
        delta: String,
    },
    ToolCallEnd {
        tool_call_id: String,
    },
    ToolCallResult {
        message_id: String,
        tool_call_id: String,
        content: String,
        role: &'static str,
    },
    StateSnapshot {
        snapshot: Value,
    },
    StateDelta {
        delta: Vec<Value>,
    },
    MessagesSnapshot {
        messages: Vec<Value>,
    },
    Custom {
        name: String,
        value: Value,
    },
}

/// How a run finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// The execution reached its goal.
    Success,
    /// The execution waits for an answer.
    Interrupt {
        /// The questions that the next run must answer: one here.
        interrupts: Vec<Interrupt>,
    },
}

/// A question that the next run answers in `resume`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Interrupt {
    /// Unique for ever; it names the execution too.
    pub id: String,
    /// The kind of the event that paused the execution.
    pub reason: String,
    /// The question, if the event has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl AguiEvent {
    /// Returns whether no event may follow it in the same run.
    pub fn is_terminal(&self) -> bool {
        matches!(self.body, Body::RunFinished { .. } | Body::RunError { .. })
    }

    /// Returns the event as JSON on one line.
    ///
    /// Every field is a string, a number or JSON already, so writing cannot fail.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
