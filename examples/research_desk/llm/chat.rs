//! The messages of a conversation, and the chunks of a reply, in the form of the protocol.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One turn of the conversation.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "role", rename_all = "lowercase")]
pub(crate) enum Message {
    System { content: String },
    User { content: String },
    Assistant { content: String, tool_calls: Vec<CallMessage> },
    Tool { tool_call_id: String, content: String },
}

impl Message {
    /// The turn in which the model asked for tools.
    pub(crate) fn calls(text: &str, calls: &[Call]) -> Self {
        let tool_calls = calls.iter().map(|call| CallMessage {
            id: call.id.clone(),
            kind: "function",
            function: FunctionMessage { name: call.name.clone(), arguments: call.arguments.clone() },
        });
        Self::Assistant { content: text.to_owned(), tool_calls: tool_calls.collect() }
    }
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct CallMessage {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    function: FunctionMessage,
}

#[derive(Debug, Clone, Serialize)]
struct FunctionMessage {
    name: String,
    arguments: String,
}

/// A tool call by the model. `arguments` is JSON that the model wrote, so it may be invalid.
#[derive(Debug, Clone, Default)]
pub(crate) struct Call {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) arguments: String,
}

/// One `data` of the stream. Unknown keys are ignored, because every endpoint adds its own.
#[derive(Debug, Deserialize)]
pub(crate) struct Chunk {
    #[serde(default)]
    pub(crate) choices: Vec<Choice>,
    pub(crate) error: Option<Value>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Choice {
    #[serde(default)]
    pub(crate) delta: Delta,
    pub(crate) finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Delta {
    pub(crate) content: Option<String>,
    /// The reasoning of a model before its answer. There are two spellings; some endpoints send
    /// both.
    pub(crate) reasoning_content: Option<String>,
    pub(crate) reasoning: Option<String>,
    #[serde(default)]
    pub(crate) tool_calls: Option<Vec<CallDelta>>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct CallDelta {
    #[serde(default)]
    pub(crate) index: usize,
    pub(crate) id: Option<String>,
    pub(crate) function: Option<FunctionDelta>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct FunctionDelta {
    pub(crate) name: Option<String>,
    pub(crate) arguments: Option<String>,
}
