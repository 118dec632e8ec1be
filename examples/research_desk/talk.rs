//! Talks to a model: every part of a reply becomes an event, and a temporary error is retried.

use std::time::Duration;

use bus_agent::AgentEventsEmit as _;
use serde_json::Value;

use crate::agent::{Agent, Stop};
use crate::llm::{Call, Client, LlmError, Message, Piece};

/// The number of retries, and the pause before the first of them; each later pause is twice as
/// long.
const RETRIES: u64 = 2;
const PAUSE: Duration = Duration::from_millis(200);

/// The usual number of bytes in an answer.
const USUAL: usize = 600;

/// The reply of a model in one turn.
pub(crate) struct Turn {
    pub(crate) text: String,
    pub(crate) calls: Vec<Call>,
}

impl Agent {
    /// A turn that only the desk sees.
    pub(crate) async fn think(
        &self,
        model: &Client,
        said: &[Message],
        tools: &[Value],
    ) -> Result<Turn, Stop> {
        self.turn(model, said, tools, false).await
    }

    /// A turn that is the answer.
    pub(crate) async fn write(&self, model: &Client, said: &[Message]) -> Result<String, Stop> {
        self.turn(model, said, &[], true).await.map(|turn| turn.text)
    }

    async fn turn(
        &self,
        model: &Client,
        said: &[Message],
        tools: &[Value],
        answer: bool,
    ) -> Result<Turn, Stop> {
        let (mut retry, mut pause) = (0, PAUSE);
        loop {
            let mut text = String::new();
            match self.try_turn(model, said, tools, answer, &mut text).await? {
                Ok(calls) => return Ok(Turn { text, calls }),
                // Streamed text was already shown, so only a reply that had not begun is retried.
                Err(error) if error.is_passing() && text.is_empty() && retry < RETRIES => {
                    retry += 1;
                    self.emit_node_retry(retry, RETRIES).error(error.to_string()).await;
                    self.or_stop(tokio::time::sleep(pause)).await?;
                    pause *= 2;
                }
                Err(error) => return Err(Stop::Failed(error.to_string())),
            }
        }
    }

    async fn try_turn(
        &self,
        model: &Client,
        said: &[Message],
        tools: &[Value],
        answer: bool,
        text: &mut String,
    ) -> Result<Result<Vec<Call>, LlmError>, Stop> {
        let mut reply = match self.or_stop(model.ask(said, tools)).await? {
            Ok(reply) => reply,
            Err(error) => return Ok(Err(error)),
        };
        let mut pieces = 0;
        loop {
            match self.or_stop(reply.next()).await? {
                Ok(Some(Piece::Text(piece))) => {
                    text.push_str(&piece);
                    if answer {
                        self.emit_client_output_delta(piece, text.as_str()).await;
                        pieces += 1;
                        // The length of an answer is unknown: the bar approaches its end without
                        // reaching it.
                        if pieces % 8 == 0 {
                            self.progress(text.len(), text.len() + USUAL).await;
                        }
                    } else {
                        self.emit_llm_text_delta(piece, text.as_str()).await;
                    }
                }
                Ok(Some(Piece::Reasoning(piece))) => {
                    self.emit_llm_reasoning_delta(piece).await;
                }
                Ok(None) => return Ok(Ok(reply.into_calls())),
                Err(error) => return Ok(Err(error)),
            }
        }
    }
}
