//! Research: finds the passages about the question, and reads them.

use bus_core::object;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Notes, Read, Verdict, Work, merged};
use crate::agent::{Agent, Stop};
use crate::corpus::{Hit, coverage, distinct};
use crate::llm::{Client, Message};
use crate::tools::{self, Extract};

/// Below this share of the question, another round is useful.
const ENOUGH: f64 = 0.6;
/// The same holds below this number of passages.
const FEW: usize = 3;

const TASK: &str = "You research a question about a folder of files. Call the tools to find and read the passages \
    that answer it. When you have read enough, reply with the single word done.";

/// Searches with every word of the question first; if that finds too little, with any of them.
#[derive(Default)]
pub(crate) struct Research {
    conversation: Vec<Message>,
}

impl Work for Research {
    const NAME: &'static str = "research";
    const ROUNDS: u64 = 4;
    const SHARE: (f64, f64) = (0.0, 0.6);
    const OUTPUT: &'static str = "passages";

    async fn round(&mut self, agent: &Agent, notes: &mut Notes, round: u64) -> Result<Verdict, Stop> {
        if let Some(model) = &agent.desk.model {
            return self.round_with_model(agent, model, notes, round).await;
        }
        look_up(agent, notes, round == 1).await?;
        let spoken = notes.read.iter().map(|read| read.extract.text.as_str());
        let part = coverage(&agent.desk.corpus, &notes.question, spoken) * 100.0;
        let verdict = format!("{} passages read, {part:.0} % of the question met", notes.read.len());
        // A single hit may just quote the question. After the search for any word there is no
        // further step.
        let enough = part >= ENOUGH * 100.0 && notes.read.len() >= FEW;
        Ok(if enough || round > 1 { Verdict::Accept(verdict) } else { Verdict::Retry(verdict) })
    }

    fn output(notes: &Notes) -> Value {
        json!(notes.read)
    }

    fn restore(notes: &mut Notes, output: &Value) -> serde_json::Result<()> {
        notes.read = Deserialize::deserialize(output)?;
        Ok(())
    }
}

impl Research {
    /// One turn of the model and its tool calls; it is done when it makes none.
    async fn round_with_model(
        &mut self,
        agent: &Agent,
        model: &Client,
        notes: &mut Notes,
        round: u64,
    ) -> Result<Verdict, Stop> {
        if round == 1 {
            self.conversation.push(Message::System { content: TASK.into() });
            self.conversation.push(Message::User { content: notes.question.clone() });
        }
        let turn = agent.think(model, &self.conversation, &tools::descriptions()).await?;
        self.conversation.push(Message::calls(&turn.text, &turn.calls));
        for (done, call) in turn.calls.iter().enumerate() {
            let outcome = match serde_json::from_str::<Value>(&call.arguments) {
                Ok(Value::Object(input)) => agent.call(&call.name, input).await?,
                _ => Err(format!("the arguments are no JSON object: {}", call.arguments)),
            };
            if let Ok(result) = &outcome {
                take(notes, &call.name, result);
            }
            let content = outcome.unwrap_or_else(|error| format!("error: {error}"));
            self.conversation.push(Message::Tool { tool_call_id: call.id.clone(), content });
            agent.progress(done + 1, turn.calls.len() + 1).await;
        }
        if !turn.calls.is_empty() {
            return Ok(Verdict::Continue(format!("the model called {} tools", turn.calls.len())));
        }
        // Many models cannot call tools, but their answers must still rest on passages.
        if notes.read.is_empty() {
            look_up(agent, notes, false).await?;
        }
        Ok(Verdict::Accept(format!("{} passages read", notes.read.len())))
    }
}

/// Searches, and reads the results. A failing call costs its passage and nothing else.
async fn look_up(agent: &Agent, notes: &mut Notes, all: bool) -> Result<(), Stop> {
    let search = object! { "query": notes.question.as_str(), "all": all };
    let mut hits: Vec<Hit> = parsed(agent.call("search", search).await?);
    if all {
        hits.extend(named(agent, notes).await?);
    }
    hits.retain(|hit| {
        !notes.read.iter().any(|read| read.extract.path == hit.path && read.extract.line == hit.line)
    });
    let hits = merged(hits);
    for (done, hit) in hits.iter().enumerate() {
        let input =
            object! { "path": hit.path.as_str(), "line": hit.line, "lines": hit.last_line + 1 - hit.line };
        if let Ok(result) = agent.call("read_file", input).await? {
            let extract = serde_json::from_str(&result).ok();
            let read = |extract| Read { score: hit.score, under: hit.under.clone(), extract };
            notes.read.extend(extract.map(read));
        }
        agent.progress(done + 1, hits.len() + 1).await;
    }
    Ok(())
}

/// Files that the question names: `readme` means `README.md`, whatever it contains.
async fn named(agent: &Agent, notes: &Notes) -> Result<Vec<Hit>, Stop> {
    let input = object! { "matching": notes.question.as_str() };
    let paths: Vec<String> = parsed(agent.call("list_files", input).await?);
    let asked = distinct(&notes.question);
    let is_named = |path: &String| {
        let name = path.rsplit('/').next().unwrap_or(path);
        let stem = distinct(name.split('.').next().unwrap_or(name));
        !stem.is_empty() && stem.iter().all(|term| asked.contains(term))
    };
    let hit =
        |path| Hit { path, line: 1, last_line: 40, score: 1.0, under: String::new(), text: String::new() };
    Ok(paths.into_iter().filter(is_named).take(2).map(hit).collect())
}

/// The results of a model's tool call are read too, because the answer cites them.
fn take(notes: &mut Notes, tool: &str, result: &str) {
    if tool == "read_file" {
        let extract = serde_json::from_str(result).ok();
        notes.read.extend(extract.map(|extract| Read { score: 1.0, under: String::new(), extract }));
    } else if tool == "search" {
        for hit in serde_json::from_str::<Vec<Hit>>(result).unwrap_or_default() {
            let extract = Extract { path: hit.path, line: hit.line, text: hit.text };
            notes.read.push(Read { score: hit.score, under: hit.under, extract });
        }
    }
}

/// The result of a tool as a list; empty for a failed call.
fn parsed<T: serde::de::DeserializeOwned>(outcome: Result<String, String>) -> Vec<T> {
    outcome.ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}
