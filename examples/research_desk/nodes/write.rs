//! Write: the answer, streamed in small parts as it is made.

use std::fmt::Write as _;

use bus_agent::AgentEventsEmit as _;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Notes, Read, Verdict, Work};
use crate::agent::{Agent, Stop};
use crate::corpus::distinct;
use crate::llm::{Client, Message};

const TASK: &str = "Answer the question in a few sentences, from the numbered sources only. After each statement name \
    its source as [path:line]. If the sources do not answer it, say so.";
/// The most characters of sources for a model.
const MOST: usize = 24_000;

/// A model writes its own answer; without one the answer is made of sentences of the files.
pub(crate) struct Write;

impl Work for Write {
    const NAME: &'static str = "write";
    const ROUNDS: u64 = 1;
    const SHARE: (f64, f64) = (0.7, 1.0);
    const OUTPUT: &'static str = "answer";

    async fn round(&mut self, agent: &Agent, notes: &mut Notes, _: u64) -> Result<Verdict, Stop> {
        notes.answer = match &agent.desk.model {
            Some(model) => ask(agent, model, notes).await?,
            None if notes.findings.is_empty() => {
                return Err(Stop::Failed("a model did the research: go on with --llm URL".into()));
            }
            None => say(agent, &extract(agent, notes)).await?,
        };
        Ok(Verdict::Accept(format!("{} characters", notes.answer.chars().count())))
    }

    fn output(notes: &Notes) -> Value {
        json!(notes.answer)
    }

    fn restore(notes: &mut Notes, output: &Value) -> serde_json::Result<()> {
        notes.answer = Deserialize::deserialize(output)?;
        Ok(())
    }
}

/// The answer without a model: the content of the files, and the words that they do not have.
fn extract(agent: &Agent, notes: &Notes) -> String {
    let mut text = String::new();
    for finding in &notes.findings {
        let _ = writeln!(text, "- {} [{}:{}]", finding.text, finding.path, finding.line);
    }
    let unknown: Vec<String> = words(&notes.question).filter(|word| !agent.desk.corpus.knows(word)).collect();
    if !unknown.is_empty() {
        let _ = writeln!(text, "No file speaks of: {}.", unknown.join(", "));
    }
    text.trim_end().to_owned()
}

fn words(question: &str) -> impl Iterator<Item = String> {
    question
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !distinct(word).is_empty())
        .map(str::to_owned)
}

/// Streams a finished text word by word, like a model.
async fn say(agent: &Agent, text: &str) -> Result<String, Stop> {
    let total = text.len();
    let mut said = String::with_capacity(total);
    for (count, word) in text.split_inclusive([' ', '\n']).enumerate() {
        agent.check()?;
        said.push_str(word);
        agent.emit_client_output_delta(word, &said).await;
        if count % 8 == 7 {
            agent.progress(said.len(), total).await;
        }
    }
    Ok(said)
}

async fn ask(agent: &Agent, model: &Client, notes: &Notes) -> Result<String, Stop> {
    let mut content = format!("Question: {}\n\nSources:\n", notes.question);
    for Read { extract, .. } in &notes.read {
        for (at, line) in extract.text.lines().enumerate() {
            let _ = writeln!(content, "{}:{}: {line}", extract.path, extract.line + at);
        }
        if content.len() > MOST {
            break;
        }
    }
    let conversation = [Message::System { content: TASK.into() }, Message::User { content }];
    let answer = agent.write(model, &conversation).await?;
    if answer.trim().is_empty() { Err(Stop::Failed("the model wrote nothing".into())) } else { Ok(answer) }
}
