//! Talking to a model: every piece of a reply becomes an event, and a passing fault is tried again.

use std::time::Duration;

use bus_agent::AgentEventsEmit as _;
use serde_json::Value;

use crate::agent::{Agent, Stop};
use crate::llm::{Call, Client, LlmError, Message, Piece};

/// Tries after the first one, and the pause before the first of them; each later pause is twice as long.
const RETRIES: u64 = 2;
const PAUSE: Duration = Duration::from_millis(200);

/// About as many bytes as an answer has.
const USUAL: usize = 600;

/// What a model said in one turn.
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
                // What was streamed was seen: it cannot be unsaid, so only a reply that had not begun is asked for again.
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
                        // Nobody knows how long an answer gets: the bar nears its end and never claims it.
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
