//! A client for OpenAI-compatible endpoints: one streamed chat completion at a time.

mod chat;
mod error;
mod http;
mod reply;
mod sse;

use serde_json::{Value, json};

pub(crate) use self::chat::{Call, Message};
pub(crate) use self::error::LlmError;
use self::http::Endpoint;
pub(crate) use self::reply::{Piece, Reply};

/// A model behind an endpoint.
pub(crate) struct Client {
    endpoint: Endpoint,
    model: String,
}

impl Client {
    /// Contacts the endpoint once, so that a wrong address fails before the work begins.
    ///
    /// Without a model's name, it uses the first one that the endpoint lists.
    pub(crate) async fn connect(url: &str, model: Option<String>) -> Result<Self, LlmError> {
        let endpoint = Endpoint::parse(url)?;
        let model = match model {
            Some(model) => {
                endpoint.reach().await?;
                model
            }
            None => first_model(&endpoint).await?,
        };
        Ok(Self { endpoint, model })
    }

    /// The name of the model in use.
    pub(crate) fn model(&self) -> &str {
        &self.model
    }

    /// Sends the conversation and returns the reply as a stream.
    pub(crate) async fn ask(&self, messages: &[Message], tools: &[Value]) -> Result<Reply, LlmError> {
        let mut body = json!({ "model": self.model, "stream": true, "messages": messages });
        if !tools.is_empty() {
            body["tools"] = tools.into();
        }
        let response = self.endpoint.post("chat/completions", body.to_string()).await?;
        Ok(Reply::new(response))
    }
}

/// Whether an endpoint can have this address; makes no request.
pub(crate) fn check(url: &str) -> Result<(), LlmError> {
    Endpoint::parse(url).map(drop)
}

async fn first_model(endpoint: &Endpoint) -> Result<String, LlmError> {
    let listed = endpoint.get("models").await?;
    let first = listed["data"][0]["id"].as_str();
    first.map(str::to_owned).ok_or_else(|| LlmError::Bad("it lists no models: name one with --model".into()))
}
