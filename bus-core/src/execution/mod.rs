//! The state of executions, from their events.

mod summary;

use std::collections::{BTreeMap, HashMap};

pub use summary::{ExecutionState, ExecutionSummary};

use crate::filter::AsEvent;

/// The executions that some events belong to, each with its state, times and counts.
///
/// It goes by the life that definitions declare with `#[event(execution(..))]`, and knows no kind
/// by name. It takes published events and events that were read, in their order, and keeps a
/// summary for each execution until [`remove`](Self::remove).
///
/// ```standalone_crate
/// use bus_core::{AgentEvent, EventBus, ExecutionState, Executions};
///
/// #[derive(AgentEvent)]
/// enum RunEvents {
///     #[event(requires(execution), execution(begins))]
///     RunStarted,
///     #[event(requires(execution), execution(ends = "failed"))]
///     RunFailed { error: String },
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let bus = EventBus::new();
/// let run = bus.stream("desk").execution("exec-1");
/// run.emit_run_started().await;
/// run.child_execution("exec-2").emit_run_started().await;
/// run.emit_run_failed("no such file").await;
///
/// let mut executions = Executions::new();
/// for event in bus.history().oldest_first().collect() {
///     executions.add(&event);
/// }
/// let failed = executions.get("exec-1").unwrap();
/// assert_eq!(failed.state, ExecutionState::Failed);
/// assert_eq!((failed.events, failed.errors), (2, 1));
/// let child = executions.get("exec-2").unwrap();
/// assert_eq!((child.state, child.parent.as_deref()), (ExecutionState::Running, Some("exec-1")));
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Executions {
    /// By a number that grows, in the order of their first events.
    summaries: BTreeMap<u64, ExecutionSummary>,
    numbers: HashMap<String, u64>,
    next: u64,
}

impl Executions {
    /// Returns an empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next event into account. One without an execution changes nothing.
    pub fn add(&mut self, event: &impl AsEvent) {
        let Some(id) = event.scope().execution() else { return };
        let number = self.numbers.get(id).copied().unwrap_or_else(|| {
            self.next += 1;
            self.numbers.insert(id.to_owned(), self.next);
            self.next
        });
        self.summaries.entry(number).or_insert_with(|| ExecutionSummary::new(id)).add(event);
    }

    /// Returns the summary of an execution.
    pub fn get(&self, id: &str) -> Option<&ExecutionSummary> {
        self.summaries.get(self.numbers.get(id)?)
    }

    /// Removes an execution and returns its summary. Further events of it begin a new one.
    pub fn remove(&mut self, id: &str) -> Option<ExecutionSummary> {
        self.summaries.remove(&self.numbers.remove(id)?)
    }

    /// Returns all executions, in the order of their first events.
    pub fn iter(&self) -> impl Iterator<Item = &ExecutionSummary> {
        self.summaries.values()
    }

    /// Returns how many executions there are.
    pub fn len(&self) -> usize {
        self.summaries.len()
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.summaries.is_empty()
    }

    /// Marks each execution that is running or paused as
    /// [interrupted](ExecutionState::Interrupted). For a reader of the past who knows that the run
    /// of the bus is over.
    pub fn interrupt(&mut self) {
        self.summaries.values_mut().for_each(ExecutionSummary::interrupt);
    }
}
