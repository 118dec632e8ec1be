//! The agent: the context of one node of one execution. It publishes everything that it does.

use std::future::Future;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use bus_agent::AgentEventsEmit as _;
use bus_core::{Emitter, Execution, Node, Object, Scoped, object};

use crate::desk::Desk;
use crate::events::DeskEventsEmit as _;
use crate::resume::Call;
use crate::tools;

/// The reason why an execution ends before its answer.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The user pressed Ctrl-C.
    Interrupted,
    /// There is no answer, for this reason.
    Failed(String),
}

/// A running node. `Scoped` gives it every emit helper; the emitter's type proves that its events
/// have a scope.
pub(crate) struct Agent {
    emitter: Emitter<Node, Execution>,
    pub(crate) desk: Arc<Desk>,
    node: &'static str,
    /// The part of the execution's progress that this node covers.
    share: (f64, f64),
    /// The calls of an earlier run, which are not made again.
    finished: Mutex<Vec<Call>>,
}

impl Scoped for Agent {
    type Emitter = Emitter<Node, Execution>;

    fn emitter(&self) -> &Self::Emitter {
        &self.emitter
    }
}

impl Agent {
    pub(crate) fn new(
        emitter: Emitter<Node, Execution>,
        desk: Arc<Desk>,
        node: &'static str,
        share: (f64, f64),
        finished: Vec<Call>,
    ) -> Self {
        Self { emitter, desk, node, share, finished: Mutex::new(finished) }
    }

    /// Calls a tool. Its error is a result like any other: the planner, or the model, decides what
    /// to do next.
    pub(crate) async fn call(&self, tool: &str, input: Object) -> Result<Result<String, String>, Stop> {
        self.check()?;
        if let Some(call) = self.finished(tool, &input) {
            self.emit_tool_call_skipped(tool, input).await;
            return Ok(call.outcome);
        }
        let id = format!("call-{}", self.desk.calls.fetch_add(1, Ordering::Relaxed) + 1);
        self.emit_tool_call_started(&id, tool).tool_input(input.clone()).await;
        let (desk, name) = (Arc::clone(&self.desk), tool.to_owned());
        // Searching and reading block, so they run on a blocking thread and do not delay other
        // executions.
        let run = tokio::task::spawn_blocking(move || tools::run(&desk.corpus, &name, input));
        let outcome = run.await.unwrap_or_else(|error| Err(format!("{tool} broke down: {error}")));
        let (text, failed) = match &outcome {
            Ok(text) => (text, false),
            Err(text) => (text, true),
        };
        self.emit_tool_call_completed(&id, tool).result(text).is_error(failed).await;
        Ok(outcome)
    }

    /// The same call of an earlier run, if it has a result; each counts once.
    fn finished(&self, tool: &str, input: &Object) -> Option<Call> {
        let mut finished = self.finished.lock().unwrap_or_else(PoisonError::into_inner);
        let at = finished.iter().position(|call| call.tool == tool && call.input == *input)?;
        Some(finished.remove(at))
    }

    /// Publishes the progress of this node, as a part of the whole execution.
    pub(crate) async fn progress(&self, done: usize, of: usize) {
        let part = ratio(done, of);
        let whole = self.share.0 + (self.share.1 - self.share.0) * part;
        let whole = (whole * 1000.0).round() / 1000.0;
        self.emit_goal_progress(whole, object! { "node": self.node, "done": done, "of": of }).await;
    }

    /// Waits for a slow future, until Ctrl-C at most.
    pub(crate) async fn or_stop<T>(&self, slow: impl Future<Output = T>) -> Result<T, Stop> {
        let mut stop = self.desk.stop.clone();
        tokio::select! {
            done = slow => Ok(done),
            _ = stop.wait_for(|stop| *stop) => Err(Stop::Interrupted),
        }
    }

    /// Checks for Ctrl-C between two quick steps.
    pub(crate) fn check(&self) -> Result<(), Stop> {
        if *self.desk.stop.borrow() { Err(Stop::Interrupted) } else { Ok(()) }
    }
}

fn ratio(done: usize, of: usize) -> f64 {
    let exact = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    exact(done.min(of)) / exact(of.max(1))
}
