//! The function of the application that answers a request.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::request::Parts;
use bus_core::{AnyEvent, BoxError, Emitter, Execution, NoNode};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::input::RunInput;
use super::meaning::Meaning;

/// A request that the application answers: see [`Web::agent`](crate::Web::agent).
#[derive(Debug)]
#[non_exhaustive]
pub struct AgentRun {
    /// The request of the client.
    pub input: RunInput,
    /// Emits events of the run. Its execution is the `runId` of the first request, also where the
    /// run goes on behind an interrupt; it has the stream and the attributes that the caller's
    /// filter asks for, else the stream `agui`, and the attribute `thread_id`.
    pub emitter: Emitter<NoNode, Execution>,
    /// The request without its body, such as its headers.
    pub parts: Parts,
}

type Running = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;
type Map = dyn Fn(&AnyEvent) -> Option<Meaning> + Send + Sync;

/// The settings of AG-UI, and the runs of this server.
#[derive(Default)]
pub(crate) struct Agui {
    pub(crate) agent: Option<Arc<dyn Fn(AgentRun) -> Running + Send + Sync>>,
    pub(crate) map: Option<Arc<Map>>,
    pub(crate) prefix: Option<String>,
    pub(crate) ends_with_request: bool,
    pub(super) runs: Runs,
}

impl fmt::Debug for Agui {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Agui").field("has_agent", &self.agent.is_some()).finish_non_exhaustive()
    }
}

/// How the function of the application ended: the error of a run that has no end by then.
#[derive(Debug, Clone)]
pub(super) struct Returned {
    pub(super) code: &'static str,
    pub(super) message: String,
}

/// One call of the function.
#[derive(Debug)]
pub(super) struct Run {
    /// The interrupts that it answers, and those that were answered before.
    answers: Vec<String>,
    pub(super) returned: watch::Sender<Option<Returned>>,
}

/// The newest call for each execution, so that a request that comes again does not call twice.
#[derive(Debug, Default)]
pub(super) struct Runs(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    runs: HashMap<String, Arc<Run>>,
    /// In the order of their first calls.
    order: VecDeque<String>,
}

/// The executions that are kept.
const KEPT: usize = 4096;

impl Run {
    /// Returns whether an interrupt was answered, as far as this server knows. A call that failed
    /// may be tried again.
    pub(super) fn has_answered(&self, interrupt: &str) -> bool {
        let is_failed = self.returned.borrow().as_ref().is_some_and(|returned| returned.code != NO_END);
        !is_failed && self.answers.iter().any(|known| known == interrupt)
    }
}

/// The code of a function that returned without an error.
const NO_END: &str = "no_end";

impl Runs {
    pub(super) fn get(&self, execution: &str) -> Option<Arc<Run>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.runs.get(execution).cloned()
    }

    /// Notes a new call. `Err` is the call that does this work already.
    pub(super) fn begin(&self, execution: &str, answers: &[String]) -> Result<Arc<Run>, Arc<Run>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = Vec::new();
        if let Some(run) = known.runs.get(execution) {
            if answers.iter().all(|answer| run.has_answered(answer)) {
                return Err(Arc::clone(run));
            }
            all.clone_from(&run.answers);
        } else {
            known.order.push_back(execution.to_owned());
        }
        all.extend_from_slice(answers);
        let run = Arc::new(Run { answers: all, returned: watch::Sender::new(None) });
        known.runs.insert(execution.to_owned(), Arc::clone(&run));
        known.forget();
        Ok(run)
    }
}

impl Known {
    /// Forgets the oldest one that is over.
    fn forget(&mut self) {
        if self.order.len() <= KEPT {
            return;
        }
        let is_over = |run: &Arc<Run>| run.returned.borrow().is_some();
        let oldest = self.order.iter().position(|name| self.runs.get(name).is_none_or(is_over));
        if let Some(name) = oldest.and_then(|at| self.order.remove(at)) {
            self.runs.remove(&name);
        }
    }
}

/// Calls the function; a task notes how it ended.
pub(super) fn start(running: Running, run: Arc<Run>) -> tokio::task::AbortHandle {
    let task = tokio::spawn(running);
    let abort = task.abort_handle();
    tokio::spawn(async move {
        let returned = outcome(task).await;
        run.returned.send_replace(Some(returned));
    });
    abort
}

async fn outcome(task: JoinHandle<Result<(), BoxError>>) -> Returned {
    let (code, message) = match task.await {
        Ok(Ok(())) => (NO_END, "the agent returned, and its execution has no end".to_owned()),
        Ok(Err(error)) => ("agent_failed", error.to_string()),
        Err(error) if error.is_cancelled() => ("cancelled", "the client went away".to_owned()),
        Err(error) => {
            tracing::error!(target: "bus_web", %error, "the agent panicked");
            ("agent_panicked", "the agent panicked".to_owned())
        }
    };
    Returned { code, message }
}
