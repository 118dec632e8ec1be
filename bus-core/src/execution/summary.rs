//! One execution.

use std::fmt;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::filter::AsEvent;
use crate::payload::Life;

/// The state of an execution, as far as its events tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ExecutionState {
    /// No event of its life was seen: its kinds declare none, or the beginning is lost.
    #[default]
    Unknown,
    /// It began, or was resumed.
    Running,
    /// It waits until it is resumed.
    Paused,
    /// It reached its goal.
    Completed,
    /// It ended with an error.
    Failed,
    /// Somebody stopped it.
    Cancelled,
    /// It did not end, and the run of the bus that it belonged to is over.
    Interrupted,
}

impl ExecutionState {
    /// Returns whether it is over: completed, failed or cancelled.
    pub fn is_end(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// Returns the name of the state, such as `running`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }
}

impl fmt::Display for ExecutionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An execution: its state, its times and its counts.
///
/// [`Executions`](crate::Executions) keeps one for each execution. A store that has a row for each
/// execution fills the fields from it and goes on with [`add`](Self::add).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExecutionSummary {
    /// Its id.
    pub id: String,
    /// The stream of its first event.
    pub stream: String,
    /// The execution that began it, if it is known.
    pub parent: Option<String>,
    /// Its state.
    pub state: ExecutionState,
    /// When it began, if that was seen.
    pub start: Option<SystemTime>,
    /// When it ended, if it did.
    pub end: Option<SystemTime>,
    /// The time of its first event.
    pub first: Option<SystemTime>,
    /// The time of its last event.
    pub last: Option<SystemTime>,
    /// The number of its events.
    pub events: u64,
    /// The number of its events that [report an error](crate::Event::is_error).
    pub errors: u64,
}

impl ExecutionSummary {
    /// Returns the summary of an execution before its first event.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            stream: String::new(),
            parent: None,
            state: ExecutionState::Unknown,
            start: None,
            end: None,
            first: None,
            last: None,
            events: 0,
            errors: 0,
        }
    }

    /// Takes the next event of the execution into account.
    ///
    /// The first end counts, and a pause behind it does not. An execution that begins again is
    /// running again; its first beginning stays its start.
    pub fn add(&mut self, event: &impl AsEvent) {
        let (scope, at) = (event.scope(), event.timestamp());
        if self.events == 0 {
            scope.stream().clone_into(&mut self.stream);
        }
        if self.parent.is_none() {
            self.parent = scope.parent_execution().map(str::to_owned);
        }
        self.events += 1;
        self.errors += u64::from(event.is_error());
        self.first.get_or_insert(at);
        self.last = Some(at);
        if let Some(step) = event.descriptor().and_then(|event| event.life) {
            self.step(step, at);
        }
    }

    fn step(&mut self, step: Life, at: SystemTime) {
        if self.state.is_end() && step != Life::Begins {
            return;
        }
        self.state = match step {
            Life::Begins | Life::Resumes => ExecutionState::Running,
            Life::Pauses => ExecutionState::Paused,
            Life::Completes => ExecutionState::Completed,
            Life::Fails => ExecutionState::Failed,
            Life::Cancels => ExecutionState::Cancelled,
        };
        if step == Life::Begins {
            self.start.get_or_insert(at);
        }
        self.end = step.is_end().then_some(at);
    }

    /// Marks it as [interrupted](ExecutionState::Interrupted) if it is running or paused: the run
    /// of the bus that it belonged to is over.
    pub fn interrupt(&mut self) {
        if matches!(self.state, ExecutionState::Running | ExecutionState::Paused) {
            self.state = ExecutionState::Interrupted;
        }
    }
}
