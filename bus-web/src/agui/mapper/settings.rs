//! The settings of a mapper.

use std::time::Duration;

use serde_json::{Map, Value};

/// The settings of a [`Mapper`](super::Mapper).
#[derive(Debug, Clone)]
#[must_use]
pub struct Settings {
    pub(super) thread: String,
    pub(super) execution: String,
    pub(super) prefix: String,
    pub(super) pace: Duration,
    pub(super) state: Map<String, Value>,
}

impl Settings {
    /// Returns the settings for an execution, as a part of a thread.
    pub fn new(thread: impl Into<String>, execution: impl Into<String>) -> Self {
        Self {
            thread: thread.into(),
            execution: execution.into(),
            prefix: "bus".to_owned(),
            pace: Duration::from_millis(50),
            state: Map::new(),
        }
    }

    /// Sets the beginning of the names of custom events: `bus` unless set.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets the shortest time between two parts of one text, by the times of the events: 50 ms
    /// unless set. The work of a client grows with the number of parts. Zero sends every part.
    pub fn pace(mut self, pace: Duration) -> Self {
        self.pace = pace;
        self
    }

    /// Sets the state that the client has: empty unless set. Anything but an object is ignored.
    pub fn state(mut self, state: Value) -> Self {
        if let Value::Object(state) = state {
            self.state = state;
        }
        self
    }
}
