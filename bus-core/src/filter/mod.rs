//! Filters: which events are wanted, as a value, as text and as a test of one event.
//!
//! A [`Filter`] says the same as the methods of a [`Subscribe`](crate::Subscribe), and can be kept,
//! sent and typed by a person. Subscriptions and queries take one with `matching`; programs that
//! read recordings ask [`Filter::matches`].
//!
//! # As text
//!
//! Words with spaces between them. All of them must fit:
//! `kind:tool_* execution:exec-4,exec-5 error "connection reset" after:5m -kind:tool_call_delta`
//!
//! | word | an event fits if |
//! |---|---|
//! | `kind:tool_call_started`, `kind:tool_*` | it is of this kind (or alias), or its kind begins so |
//! | `stream:`, `node:`, `execution:`, `correlation:` | its scope has this id |
//! | `parent_execution:exec-1` | its execution was begun by this one |
//! | `attribute.tenant:acme` | its scope has this open attribute |
//! | `data.tool_name:grep`, `data.input.path:a.txt` | this member of its data has this value; of a list, one element |
//! | `grep`, `"connection reset"` | the kind, the scope or the data has this text, in any case |
//! | `error` | it reports an error: see [`Event::is_error`](crate::Event::is_error) |
//! | `after:5m`, `after:2026-11-22T06:14:08Z` | it is of this time or later; `5m` is five minutes ago |
//! | `before:1h` | it is of an earlier time |
//! | `-` before any other word than the last two | it does not fit the word |
//!
//! Several values of one name mean any of them: `node:a,b`, or `node:a node:b`. A value with a
//! space, a comma or a quote in it stands in quotes, with `\"` and `\\` for a quote and a
//! backslash. Values are exact, but that a kind may end with `*`.
//!
//! Words about several events, such as the duration of a call, are none of a filter. A program
//! that has some reads its text with [`Filter::parse_with`].

mod data;
mod error;
mod fit;
mod parse;
mod show;
mod unknown;
mod words;

use std::time::SystemTime;

pub use error::FilterError;
pub use fit::AsEvent;
pub use unknown::UnknownKind;
pub use words::Word;

/// A part of an event that a [`Filter`] compares with text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Field {
    /// The kind. A value that ends with `*` stands for all kinds that begin with the text before.
    Kind,
    /// The stream.
    StreamId,
    /// The node.
    NodeId,
    /// The execution.
    ExecutionId,
    /// The execution that began the event's own.
    ParentExecutionId,
    /// The correlation.
    CorrelationId,
    /// The open attribute with this name.
    Attribute(String),
    /// The member of the data with this path: names with a `.` between them.
    Data(String),
}

/// Which events are wanted: kinds, scope, data, text, errors and time.
///
/// Filters of different names must all fit. Several values of one name mean any of them. An empty
/// filter fits every event. The [module](crate::filter) has the form as text, which is also that of
/// serde.
///
/// ```
/// use bus_core::{EventBus, Filter, filter::Field};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), bus_core::filter::FilterError> {
/// let bus = EventBus::new();
/// let execution = bus.stream("desk").execution("exec-1");
/// execution.emit_dynamic("tool_called", serde_json::json!({ "tool": "grep" })).await;
/// execution.emit_dynamic("tool_failed", serde_json::json!({ "tool": "curl" })).await;
///
/// let filter: Filter = "kind:tool_* execution:exec-1 -data.tool:grep".parse()?;
/// let built = Filter::new().kind("tool_*").execution("exec-1");
/// assert_eq!(filter, built.without(Field::Data("tool".to_owned()), "grep"));
/// let found = bus.history().matching(filter.clone()).collect();
/// assert_eq!(found[0].kind(), "tool_failed");
/// assert!(filter.matches(&found[0]) && found.len() == 1);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use = "a filter does nothing by itself: `matches` asks it"]
pub struct Filter {
    pub(crate) wanted: Conditions,
    pub(crate) excluded: Conditions,
    after: Option<SystemTime>,
    before: Option<SystemTime>,
}

/// Conditions that an event must fit, or must not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Conditions {
    /// In the order in which they were named first, each with at least one value.
    pub(crate) fields: Vec<(Field, Vec<String>)>,
    texts: Vec<String>,
    error: bool,
}

impl Conditions {
    fn add(&mut self, field: Field, value: String) {
        let known = self.fields.iter_mut().find(|(known, _)| *known == field);
        match known {
            Some((_, values)) if values.contains(&value) => {}
            Some((_, values)) => values.push(value),
            None => self.fields.push((field, vec![value])),
        }
    }

    fn add_text(&mut self, text: String) {
        if !self.texts.contains(&text) {
            self.texts.push(text);
        }
    }
}

impl Filter {
    /// Returns a filter that every event fits.
    pub fn new() -> Self {
        Self::default()
    }

    /// Selects events of this kind; called several times, of any of these. A name that ends with
    /// `*` selects the kinds that begin with the text before it.
    pub fn kind(self, kind: impl Into<String>) -> Self {
        self.with(Field::Kind, kind)
    }

    /// Selects events of this stream; called several times, of any of these.
    pub fn stream(self, id: impl Into<String>) -> Self {
        self.with(Field::StreamId, id)
    }

    /// Selects events of this node; called several times, of any of these.
    pub fn node(self, id: impl Into<String>) -> Self {
        self.with(Field::NodeId, id)
    }

    /// Selects events of this execution; called several times, of any of these.
    pub fn execution(self, id: impl Into<String>) -> Self {
        self.with(Field::ExecutionId, id)
    }

    /// Selects events of executions that this execution began; called several times, that any of
    /// these began.
    pub fn parent_execution(self, id: impl Into<String>) -> Self {
        self.with(Field::ParentExecutionId, id)
    }

    /// Selects events with this correlation; called several times, with any of these.
    pub fn correlation(self, id: impl Into<String>) -> Self {
        self.with(Field::CorrelationId, id)
    }

    /// Selects events whose attribute has this value; called several times with one name, any of
    /// these values.
    pub fn attribute(self, name: &str, value: impl Into<String>) -> Self {
        self.with(Field::Attribute(name.to_owned()), value)
    }

    /// Selects events whose data has this value at a path, such as `tool_input.query`; called
    /// several times with one path, any of these values. Numbers and booleans are compared as their
    /// text. Of a list one element must fit. Redacted fields have no value but `[redacted]` or 0.
    pub fn data(self, path: &str, value: impl Into<String>) -> Self {
        self.with(Field::Data(path.to_owned()), value)
    }

    /// Selects events that have this value in a part; called several times with one part, any of
    /// these values.
    pub fn with(mut self, field: Field, value: impl Into<String>) -> Self {
        self.wanted.add(field, value.into());
        self
    }

    /// Excludes events that have this value in a part.
    pub fn without(mut self, field: Field, value: impl Into<String>) -> Self {
        self.excluded.add(field, value.into());
        self
    }

    /// Selects events that have this text in their kind, their scope or their data, in capitals or
    /// small letters; called several times, all of these texts. Names of the data's members and
    /// redacted fields do not count.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.wanted.add_text(text.into());
        self
    }

    /// Excludes events that have this text.
    pub fn without_text(mut self, text: impl Into<String>) -> Self {
        self.excluded.add_text(text.into());
        self
    }

    /// Selects events that report an error: see [`Event::is_error`](crate::Event::is_error).
    pub fn error(mut self) -> Self {
        self.wanted.error = true;
        self
    }

    /// Excludes events that report an error.
    pub fn without_error(mut self) -> Self {
        self.excluded.error = true;
        self
    }

    /// Selects events of this time or later; called several times, than all of these.
    pub fn after(mut self, time: SystemTime) -> Self {
        self.after = self.after.max(Some(time));
        self
    }

    /// Selects events that are earlier than this time; called several times, than all of these.
    pub fn before(mut self, time: SystemTime) -> Self {
        self.before = Some(self.before.map_or(time, |known| known.min(time)));
        self
    }

    /// Returns whether every event fits.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the parts that must have one of some values, each with these values. For programs
    /// that look events up in an index of their own.
    pub fn fields(&self) -> impl Iterator<Item = (&Field, &[String])> {
        self.wanted.fields.iter().map(|(field, values)| (field, &**values))
    }

    /// Returns the values that a part may have; empty if it may have any.
    pub fn values(&self, field: &Field) -> &[String] {
        self.wanted.fields.iter().find(|(known, _)| known == field).map_or(&[], |(_, values)| values)
    }

    /// Removes the condition that a part must have one of some values, and returns the values.
    ///
    /// ```
    /// # use bus_core::{Filter, filter::Field};
    /// let mut filter: Filter = "kind:tool_* error".parse()?;
    /// assert_eq!(filter.take(&Field::Kind), ["tool_*"]);
    /// assert_eq!(filter, Filter::new().error());
    /// # Ok::<(), bus_core::filter::FilterError>(())
    /// ```
    pub fn take(&mut self, field: &Field) -> Vec<String> {
        let fields = &mut self.wanted.fields;
        let at = fields.iter().position(|(known, _)| known == field);
        at.map_or_else(Vec::new, |at| fields.remove(at).1)
    }

    /// Returns the first time that is wanted, and the first that no longer is.
    pub fn times(&self) -> (Option<SystemTime>, Option<SystemTime>) {
        (self.after, self.before)
    }
}
