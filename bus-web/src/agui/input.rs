//! The request of a client: `RunAgentInput`.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The body of a request.
///
/// Fields that this server does not need are as they were sent. Null counts as absent.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RunInput {
    /// The conversation.
    pub thread_id: String,
    /// The run, which becomes the execution.
    pub run_id: String,
    /// The version that the client speaks: clients before 1.0 send none.
    #[serde(default)]
    pub protocol_version: Option<String>,
    /// The state that the client has.
    #[serde(default)]
    pub state: Value,
    /// The messages of the thread, oldest first.
    #[serde(default, deserialize_with = "or_default")]
    pub messages: Vec<Value>,
    /// The tools that the client runs itself.
    #[serde(default, deserialize_with = "or_default")]
    pub tools: Vec<Value>,
    /// Further texts for the model.
    #[serde(default, deserialize_with = "or_default")]
    pub context: Vec<Value>,
    /// Anything else that the application sends.
    #[serde(default)]
    pub forwarded_props: Value,
    /// Answers to interrupts: not empty for a run that goes on with a paused execution.
    #[serde(default, deserialize_with = "or_default")]
    pub resume: Vec<Answer>,
}

/// An answer to an interrupt.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Answer {
    /// The interrupt.
    pub interrupt_id: String,
    /// `resolved` or `cancelled`.
    pub status: String,
    /// The answer itself.
    #[serde(default)]
    pub payload: Value,
}

impl RunInput {
    /// Reads a request.
    ///
    /// # Errors
    /// One line that names the mistake.
    pub fn from_json(text: &[u8]) -> Result<Self, String> {
        let input: Self = serde_json::from_slice(text)
            .map_err(|error| format!("the body is no RunAgentInput of AG-UI: {error}"))?;
        let named = [("threadId", &input.thread_id), ("runId", &input.run_id)];
        for (name, id) in named {
            if id.is_empty() || id.len() > MAX_ID {
                return Err(format!("`{name}` must have 1 to {MAX_ID} bytes, and has {}", id.len()));
            }
        }
        Ok(input)
    }

    /// Returns the text of the newest message of the user: its parts that are no text are left out.
    ///
    /// ```
    /// let text = r#"{"threadId":"t","runId":"r",
    ///     "messages":[{"id":"1","role":"user","content":"Who is Ada?"}]}"#;
    /// let input = bus_web::agui::RunInput::from_json(text.as_bytes())?;
    /// assert_eq!(input.question().as_deref(), Some("Who is Ada?"));
    /// # Ok::<(), String>(())
    /// ```
    pub fn question(&self) -> Option<String> {
        let newest = self.messages.iter().rev().find(|message| message["role"] == "user")?;
        match &newest["content"] {
            Value::String(text) => Some(text.clone()),
            Value::Array(parts) => Some(parts.iter().filter_map(|part| part["text"].as_str()).collect()),
            _ => None,
        }
    }
}

/// The longest id of a thread or a run, in bytes.
const MAX_ID: usize = 256;

fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}
