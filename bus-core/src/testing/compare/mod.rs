//! Compares two recordings by execution.

mod align;
mod comparison;
mod deltas;
mod difference;
mod executions;
mod fields;
mod path;

use std::path::Path;

pub use difference::{Difference, Differences};

use comparison::Comparison;
use executions::{Name, groups, matched};
use fields::{Fields, Renames};

use super::Recording;

/// Compares a recording with an expected one: the regression test of an agent.
///
/// Each execution is compared on its own, so executions at the same time may interleave in any way.
/// Events without an execution are compared by stream. Times, ids of events and of runs, `seq` and
/// causes are never compared.
///
/// An execution is compared with the one of the same id. Those whose id only one recording has are
/// matched by their first event, in the order in which they began: first those that begin with an
/// equal event, then those that begin with one of the same kind.
///
/// A field is named by its name, at any depth of `data`, or by the end of its path: `usage.tokens`
/// is `tokens` inside `usage`. Lists have no name. The parts of the scope are fields too, such as
/// `correlation_id` or an attribute.
///
/// ```
/// use bus_core::testing::{Compare, Recorder, Recording};
/// use serde_json::json;
///
/// async fn run(tool: &str, id: &str) -> Recording {
///     let bus = bus_core::EventBus::new();
///     let recorder = Recorder::new(&bus);
///     let (run, call) = (bus.stream("desk").execution(id), format!("{id}/1"));
///     run.emit_dynamic("tool_called", json!({ "tool": tool, "call_id": call })).await;
///     run.emit_dynamic("tool_returned", json!({ "call_id": call })).await;
///     Recording::from(&recorder)
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let expected = run("grep", "7f3a").await;
/// let again = Compare::new(run("grep", "b215").await).rename("call_id");
/// assert!(again.against(&expected).is_empty());
///
/// let other = Compare::new(run("find", "b215").await).rename("call_id");
/// assert_eq!(
///     other.against(&expected).to_string(),
///     "execution 7f3a, event 1 of 2, tool_called: data.tool\n  - \"grep\"\n  + \"find\""
/// );
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Compare {
    actual: Recording,
    fields: Fields,
    joins: bool,
    any_order: bool,
}

impl Compare {
    /// Begins to compare a recording, or the events of a [`Recorder`](super::Recorder) so far.
    pub fn new(actual: impl Into<Recording>) -> Self {
        Self { actual: actual.into(), fields: Fields::new(), joins: false, any_order: false }
    }

    /// Compares the values of a field up to renaming, such as ids that are new in each run: each
    /// value stands for one of the other recording, everywhere, and no two stand for the same. It
    /// concerns strings and numbers.
    ///
    /// The ids of executions are matched anyway; in `parent_execution_id`, and in renamed fields
    /// whose name ends with `execution_id`, they must match in the same way.
    #[must_use]
    pub fn rename(mut self, field: impl Into<String>) -> Self {
        self.fields.rename(field.into());
        self
    }

    /// Does not compare a field, such as a duration.
    #[must_use]
    pub fn ignore(mut self, field: impl Into<String>) -> Self {
        self.fields.ignore(field.into());
        self
    }

    /// Compares the deltas of one message as one event, since their borders are different each
    /// time.
    ///
    /// Deltas are the kinds that are declared as `transient`, and undeclared ones whose name ends
    /// with `_delta`. Those of one kind that follow each other in a node belong to one message if
    /// their data is equal but for the new text, in a field `content`, `text` or `delta`, and for a
    /// field with the whole text so far. Deltas whose text is elsewhere are compared one by one.
    #[must_use]
    pub fn join_deltas(mut self) -> Self {
        self.joins = true;
        self
    }

    /// Compares each node of an execution on its own, so that nodes at the same time may interleave
    /// in any way. The events without a node are compared with each other.
    #[must_use]
    pub fn any_order_between_nodes(mut self) -> Self {
        self.any_order = true;
        self
    }

    /// Returns the differences from an expected recording.
    pub fn against(&self, expected: &Recording) -> Differences {
        let expected = groups(expected.events(), Name::of_execution);
        let actual = groups(self.actual.events(), Name::of_execution);
        let steps = matched(&expected, &actual, &self.fields);
        let ids = steps.iter().filter_map(|(left, right)| {
            Some((expected[(*left)?].name.execution()?, actual[(*right)?].name.execution()?))
        });
        let renames = Renames::new(&self.fields, &ids.collect::<Vec<_>>());
        let mut comparison = Comparison::new(self, renames);
        for (left, right) in steps {
            comparison.execution(left.map(|at| &expected[at]), right.map(|at| &actual[at]));
        }
        comparison.differences
    }

    /// Asserts that there are no differences from the recording in a file with one event a line as
    /// JSON. A relative path begins at the current folder, which is that of the package in
    /// `cargo test`.
    ///
    /// With `BUS_RECORD=1` in the environment it writes the file instead, and asserts nothing.
    ///
    /// ```no_run
    /// use bus_core::testing::{Compare, Recorder};
    ///
    /// # let bus = bus_core::EventBus::new();
    /// let recorder = Recorder::new(&bus);
    /// // … the agent runs …
    /// Compare::new(&recorder).rename("tool_use_id").join_deltas().assert_file("tests/plan.jsonl");
    /// ```
    ///
    /// # Panics
    /// If there is a difference; the message lists the first ones. If the file cannot be read or
    /// written.
    #[track_caller]
    #[expect(clippy::panic, reason = "an assertion for tests")]
    pub fn assert_file(&self, path: impl AsRef<Path>) {
        let path = path.as_ref();
        if std::env::var_os("BUS_RECORD").is_some_and(|value| value == "1") {
            let folder = path.parent().unwrap_or(path);
            let written =
                std::fs::create_dir_all(folder).and_then(|()| std::fs::write(path, self.actual.to_string()));
            return written.unwrap_or_else(|error| panic!("`{}` cannot be written: {error}", path.display()));
        }
        let expected = Recording::from_file(path)
            .unwrap_or_else(|error| panic!("{error}; BUS_RECORD=1 in the environment writes it anew"));
        let found = self.against(&expected);
        assert!(
            found.is_empty(),
            "the events differ from `{}` in {} places (- there, + now):\n{found}\n\
             BUS_RECORD=1 in the environment writes the file anew; `rename` and `ignore` are for \
             values that are new each time",
            path.display(),
            found.count()
        );
    }
}
