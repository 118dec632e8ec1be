//! A reply that is still being written.

use std::collections::VecDeque;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::Incoming;
use tokio::time::timeout;

use super::LlmError;
use super::chat::{Call, CallDelta, Chunk};
use super::sse::Decoder;

/// The longest pause of a model in the middle of its reply.
const SILENCE: Duration = Duration::from_mins(2);
/// No model makes more tool calls than this at once; a larger index is a mistake of the endpoint.
const MOST_CALLS: usize = 64;

/// A part of the reply.
#[derive(Debug)]
pub(crate) enum Piece {
    /// A part of the answer.
    Text(String),
    /// A part of the reasoning before it.
    Reasoning(String),
}

/// The stream of one completion.
pub(crate) struct Reply {
    body: Incoming,
    decoder: Decoder,
    ready: VecDeque<Piece>,
    calls: Vec<Call>,
    finished: bool,
}

impl Reply {
    pub(crate) fn new(response: Response<Incoming>) -> Self {
        Self {
            body: response.into_body(),
            decoder: Decoder::default(),
            ready: VecDeque::new(),
            calls: Vec::new(),
            finished: false,
        }
    }

    /// The next part; `None` once the model is done. A stream that ends before that is an error.
    pub(crate) async fn next(&mut self) -> Result<Option<Piece>, LlmError> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Ok(Some(piece));
            }
            let frame =
                timeout(SILENCE, self.body.frame()).await.map_err(|_| cut("the model fell silent"))?;
            match frame {
                Some(Ok(frame)) => {
                    let bytes = frame.into_data().unwrap_or_default();
                    for data in self.decoder.push(&bytes) {
                        self.take(&data)?;
                    }
                }
                Some(Err(error)) => return Err(cut(&error.to_string())),
                None if self.finished => return Ok(None),
                None => return Err(cut("the reply was cut off")),
            }
        }
    }

    /// The tool calls of the model, complete once `next` has returned `None`.
    pub(crate) fn into_calls(self) -> Vec<Call> {
        self.calls
    }

    fn take(&mut self, data: &str) -> Result<(), LlmError> {
        if data.trim() == "[DONE]" {
            self.finished = true;
            return Ok(());
        }
        let chunk: Chunk = serde_json::from_str(data)
            .map_err(|error| LlmError::Bad(format!("a chunk that is no JSON: {error}")))?;
        if let Some(error) = chunk.error {
            return Err(LlmError::Refused {
                status: 200,
                says: error["message"].as_str().unwrap_or("error").into(),
            });
        }
        for choice in chunk.choices {
            self.finished |= choice.finish_reason.is_some();
            let delta = choice.delta;
            let reasoning = delta.reasoning_content.or(delta.reasoning).filter(|text| !text.is_empty());
            self.ready.extend(reasoning.map(Piece::Reasoning));
            self.ready.extend(delta.content.filter(|text| !text.is_empty()).map(Piece::Text));
            for call in delta.tool_calls.into_iter().flatten() {
                self.take_call(call)?;
            }
        }
        Ok(())
    }

    /// A call arrives in parts too: its name first, then its arguments a few characters at a time.
    fn take_call(&mut self, piece: CallDelta) -> Result<(), LlmError> {
        if piece.index >= MOST_CALLS {
            return Err(LlmError::Bad(format!("tool call number {}", piece.index)));
        }
        if self.calls.len() <= piece.index {
            self.calls.resize_with(piece.index + 1, Call::default);
        }
        let call = &mut self.calls[piece.index];
        if let Some(id) = piece.id {
            call.id = id;
        }
        if let Some(function) = piece.function {
            call.name.push_str(&function.name.unwrap_or_default());
            call.arguments.push_str(&function.arguments.unwrap_or_default());
        }
        Ok(())
    }
}

fn cut(cause: &str) -> LlmError {
    LlmError::Unreachable { url: "the model".into(), cause: cause.to_owned() }
}
