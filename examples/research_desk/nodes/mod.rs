//! The graph: research, then analyse, then write. A node works in rounds until its judge accepts.

mod analyse;
mod research;
mod write;

use std::sync::Arc;

use bus_agent::AgentEventsEmit as _;
use bus_core::{Emitter, Execution, NoNode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use self::analyse::Analyse;
pub(crate) use self::research::Research;
pub(crate) use self::write::Write;
use crate::agent::{Agent, Stop};
use crate::corpus::{Hit, Sentence};
use crate::desk::Desk;
use crate::events::DeskEventsEmit as _;
use crate::resume::Done;
use crate::tools::Extract;

/// The findings of an execution; each node adds to them.
pub(crate) struct Notes {
    pub(crate) question: String,
    pub(crate) read: Vec<Read>,
    /// The sentences about the question, best first.
    pub(crate) findings: Vec<Sentence>,
    pub(crate) answer: String,
}

/// A passage, and how it was found.
#[derive(Serialize, Deserialize)]
pub(crate) struct Read {
    pub(crate) score: f64,
    pub(crate) under: String,
    pub(crate) extract: Extract,
}

/// The verdict of the judge after a round.
pub(crate) enum Verdict {
    Accept(String),
    /// Another round is needed.
    Continue(String),
    /// The round failed: another one, if there is one left.
    Retry(String),
}

/// The work of one node.
pub(crate) trait Work {
    const NAME: &'static str;
    const ROUNDS: u64;
    /// The part of the execution's progress that it covers.
    const SHARE: (f64, f64);
    /// The name of its output, the part of the notes that it fills.
    const OUTPUT: &'static str;

    async fn round(&mut self, agent: &Agent, notes: &mut Notes, round: u64) -> Result<Verdict, Stop>;

    /// Its output as JSON, for a later run.
    fn output(notes: &Notes) -> Value;

    /// Puts the output of an earlier run into the notes; an error if it has another form.
    fn restore(notes: &mut Notes, output: &Value) -> serde_json::Result<()>;
}

/// Runs one node from start to end, unless an earlier run has its output. A start event always gets
/// its end event, also if the work fails.
pub(crate) async fn run<W: Work>(
    mut work: W,
    execution: &Emitter<NoNode, Execution>,
    desk: &Arc<Desk>,
    notes: &mut Notes,
    done: &mut Done,
) -> Result<(), Stop> {
    let node = execution.node(W::NAME);
    if done.outputs.get(W::OUTPUT).is_some_and(|output| W::restore(notes, output).is_ok()) {
        node.emit_node_skipped(W::OUTPUT).await;
        return Ok(());
    }
    let agent = Agent::new(node, Arc::clone(desk), W::NAME, W::SHARE, done.calls_of(W::NAME));
    if std::mem::take(&mut done.is_paused) {
        agent.emit_execution_resumed().await;
    }
    agent.emit_node_loop_started().max_iterations(W::ROUNDS).await;
    let mut rounds = 0;
    let outcome = loop {
        rounds += 1;
        match one_round(&mut work, &agent, notes, rounds).await {
            Ok(true) => break Ok(()),
            Ok(false) => {}
            Err(stop) => break Err(stop),
        }
    };
    if outcome.is_ok() {
        agent.emit_state_changed(W::OUTPUT, Value::Null, W::output(notes), "execution").await;
        agent.emit_output_key_set(W::OUTPUT).await;
        agent.progress(1, 1).await;
    }
    agent.emit_node_loop_completed(rounds).await;
    if matches!(outcome, Err(Stop::Interrupted)) {
        // No end: a later run may go on.
        agent.emit_execution_paused().reason("interrupted").await;
    }
    outcome
}

/// Whether the node is done.
async fn one_round<W: Work>(
    work: &mut W,
    agent: &Agent,
    notes: &mut Notes,
    round: u64,
) -> Result<bool, Stop> {
    agent.check()?;
    agent.emit_node_loop_iteration(round).await;
    match work.round(agent, notes, round).await? {
        Verdict::Accept(why) => {
            agent.emit_judge_verdict("ACCEPT").feedback(why).iteration(round).await;
            Ok(true)
        }
        Verdict::Retry(why) if round < W::ROUNDS => {
            agent.emit_judge_verdict("RETRY").feedback(&why).iteration(round).await;
            agent.emit_node_retry(round, W::ROUNDS - 1).error(why).await;
            Ok(false)
        }
        Verdict::Continue(why) if round < W::ROUNDS => {
            agent.emit_judge_verdict("CONTINUE").feedback(why).iteration(round).await;
            Ok(false)
        }
        Verdict::Continue(why) | Verdict::Retry(why) => {
            let why = format!("no round is left: {why}");
            agent.emit_judge_verdict("ACCEPT").feedback(why).iteration(round).await;
            Ok(true)
        }
    }
}

/// Adjacent passages are read with one call.
pub(crate) fn merged(mut hits: Vec<Hit>) -> Vec<Hit> {
    hits.sort_by(|a, b| a.path.cmp(&b.path).then(a.line.cmp(&b.line)));
    let mut merged: Vec<Hit> = Vec::new();
    for hit in hits {
        match merged.last_mut() {
            Some(last) if last.path == hit.path && hit.line <= last.last_line + 1 => {
                last.last_line = last.last_line.max(hit.last_line);
                last.score = last.score.max(hit.score);
            }
            _ => merged.push(hit),
        }
    }
    merged.sort_by(|a, b| b.score.total_cmp(&a.score));
    merged
}
