//! The work of one run: new questions, or those that an earlier run has begun and not ended.
//!
//! The journal is a log and restores nothing by itself. What was done is read from the events of
//! each question: the outputs of nodes, the edges, and the calls that were completed.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use bus_agent::{
    EdgeTraversed, ExecutionStarted, StateChanged, StreamStarted, ToolCallCompleted, ToolCallStarted,
};
use bus_core::{BoxError, ExecutionState, Object, ReadEvent};
use bus_journal::{Item, Journal, Query};
use serde_json::Value;

/// The folder and the questions of one run.
pub(crate) struct Job {
    pub(crate) folder: PathBuf,
    pub(crate) questions: Vec<Question>,
    /// The highest number of a tool call so far.
    pub(crate) calls: u64,
}

/// A question, and the work that an earlier run has done for it.
pub(crate) struct Question {
    /// The number of its execution.
    pub(crate) number: u64,
    pub(crate) text: String,
    pub(crate) done: Option<Done>,
}

/// The finished parts of an execution.
#[derive(Default)]
pub(crate) struct Done {
    /// The outputs of finished nodes, by name.
    pub(crate) outputs: HashMap<String, Value>,
    /// The nodes that were left on an edge.
    pub(crate) left: HashSet<String>,
    calls: Vec<Call>,
    /// The first node that goes on says so.
    pub(crate) is_paused: bool,
    /// Calls without a result so far, by id. Those of a crash stay here: they are made again.
    begun: HashMap<String, Call>,
}

/// A tool call with its result.
#[derive(Clone)]
pub(crate) struct Call {
    node: String,
    pub(crate) tool: String,
    pub(crate) input: Object,
    pub(crate) outcome: Result<String, String>,
}

impl Job {
    /// New questions, with numbers behind those of the journal.
    pub(crate) fn new(
        folder: PathBuf,
        texts: Vec<String>,
        journal: Option<&Journal>,
    ) -> Result<Self, BoxError> {
        let (mut before, mut calls) = (0, 0);
        if let Some(journal) = journal {
            let ids = journal.executions()?.into_iter().filter_map(|execution| number(&execution.id));
            before = ids.max().unwrap_or(0);
            calls = last_call(journal)?;
        }
        // A run that resumes may begin in another folder.
        let folder = folder.canonicalize().unwrap_or(folder);
        let numbered = (before + 1..).zip(texts);
        let questions = numbered.map(|(number, text)| Question { number, text, done: None }).collect();
        Ok(Self { folder, questions, calls })
    }

    /// The questions without an end whose run is over, of the folder that was last asked about.
    pub(crate) fn resumed(journal: &Journal) -> Result<Self, BoxError> {
        let interrupted = |execution: &bus_journal::Execution| execution.state == ExecutionState::Interrupted;
        let executions = journal.executions()?.into_iter().filter(interrupted);
        let interrupted: HashSet<String> = executions.map(|execution| execution.id).collect();
        let (mut folder, mut asked) = (String::new(), Vec::new());
        each(&journal.query().kinds(["stream_started", "execution_started"]), |event| {
            if let Some(started) = event.payload::<StreamStarted>() {
                folder.clone_from(&started.entry_point);
            }
            let id = event.scope().execution().filter(|id| interrupted.contains(*id));
            let text = |started: &ExecutionStarted| Some(started.input.get("question")?.as_str()?.to_owned());
            let text = event.payload::<ExecutionStarted>().and_then(text);
            asked.extend(id.and_then(number).zip(text).map(|question| (folder.clone(), question)));
        })?;
        let folder = asked.last().map(|(folder, _)| folder.clone()).unwrap_or_default();
        let mut questions = Vec::new();
        for (_, (number, text)) in asked.into_iter().filter(|(of, _)| *of == folder) {
            let mut done = Done { is_paused: true, ..Done::default() };
            each(&journal.query().execution(execution(number)), |event| done.add(event))?;
            questions.push(Question { number, text, done: Some(done) });
        }
        Ok(Self { folder: folder.into(), questions, calls: last_call(journal)? })
    }
}

impl Done {
    /// The finished calls of a node.
    pub(crate) fn calls_of(&self, node: &str) -> Vec<Call> {
        self.calls.iter().filter(|call| call.node == node).cloned().collect()
    }

    /// Takes the next event of the execution into account.
    fn add(&mut self, event: &ReadEvent) {
        let node = event.scope().node().unwrap_or_default().to_owned();
        if let Some(call) = event.payload::<ToolCallStarted>() {
            let (tool, input) = (call.tool_name.clone(), call.tool_input.clone());
            let call = (call.tool_use_id.clone(), Call { node, tool, input, outcome: Ok(String::new()) });
            self.begun.extend([call]);
        } else if let Some(end) = event.payload::<ToolCallCompleted>() {
            let outcome = if end.is_error { Err(end.result.clone()) } else { Ok(end.result.clone()) };
            let call = self.begun.remove(&end.tool_use_id);
            self.calls.extend(call.map(|call| Call { outcome, ..call }));
        } else if let Some(state) = event.payload::<StateChanged>() {
            self.outputs.insert(state.key.clone(), state.new_value.clone());
        } else if let Some(edge) = event.payload::<EdgeTraversed>() {
            self.left.insert(edge.source_node.clone());
        }
    }
}

/// The id of the execution with this number.
pub(crate) fn execution(number: u64) -> String {
    format!("exec-{number}")
}

fn number(execution: &str) -> Option<u64> {
    execution.strip_prefix("exec-")?.parse().ok()
}

/// The highest number of a tool call in the journal.
fn last_call(journal: &Journal) -> Result<u64, BoxError> {
    let mut last = 0;
    each(&journal.query().kinds(["tool_call_started"]), |event| {
        let id = event.payload::<ToolCallStarted>().and_then(|call| call.tool_use_id.strip_prefix("call-"));
        last = id.and_then(|id| id.parse().ok()).unwrap_or(0).max(last);
    })?;
    Ok(last)
}

/// Reads events, oldest first. What a gap has lost counts as not done.
fn each(query: &Query, mut f: impl FnMut(&ReadEvent)) -> Result<(), BoxError> {
    for item in query.clone().oldest_first().items() {
        if let Item::Event(event) = item? {
            f(&event.read()?);
        }
    }
    Ok(())
}
