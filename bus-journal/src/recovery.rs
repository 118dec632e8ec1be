//! The end of a journal: what is missing there after a crash.

use bus_core::EventId;
use rusqlite::{Connection, Result};

use crate::gap::{Gap, GapCause, Span};
use crate::mark::Mark;
use crate::runs::{ByPosition, End, Run};
use crate::schema::position;

/// The events that are missing behind the last entry of a journal.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    /// The last run. It is not in the file if the file has lost it.
    run: Option<Run>,
    is_lost: bool,
    is_interrupted: bool,
    /// In their order, none of them in the file.
    pub(crate) spans: Vec<Span>,
}

impl Tail {
    /// Compares the last entry and the last run with the mark. `is_live` says that a writer is at
    /// work, so that a run without an end goes on.
    pub(crate) fn find(
        connection: &Connection,
        run: Option<Run>,
        mark: Option<Mark>,
        is_live: bool,
    ) -> Result<Self> {
        let mark = mark.unwrap_or_default();
        let mut tail = Self { run, ..Self::default() };
        let mut end = last_entry(connection)?.max(tail.run.as_ref().map_or(0, |run| run.base));
        let expected = tail.run.as_ref().and_then(|run| run.last).unwrap_or(0);
        if mark.position > end && tail.run.as_ref().is_none_or(|run| run.number != mark.run) {
            // The file has lost the beginning of the run too.
            let base = mark.position.saturating_sub(mark.seq).max(end + 1);
            if base > end + 1 {
                tail.lose(end + 1, base - 1);
            }
            (tail.run, tail.is_lost, end) = (Some(Run::new(base, mark.run)), true, base);
        }
        let expected = expected.max(mark.position);
        if expected > end {
            tail.lose(end + 1, expected);
            end = expected;
        }
        tail.is_interrupted = tail.run.as_ref().is_some_and(|run| !run.is_over()) && !is_live;
        if tail.is_interrupted {
            // One position stands for the unknown number of events.
            tail.spans.push(Span::new(end + 1, end + 1, GapCause::Interrupted));
        }
        Ok(tail)
    }

    fn lose(&mut self, first: u64, last: u64) {
        self.spans.push(Span::new(first, last, GapCause::Lost));
    }

    /// Writes what was found, so that later readers find it in place.
    pub(crate) fn write(&mut self, connection: &Connection) -> Result<()> {
        for span in &self.spans {
            span.insert(connection)?;
        }
        let Some(run) = &mut self.run else { return Ok(()) };
        if self.is_lost {
            run.insert(connection)?;
        }
        match self.spans.last() {
            Some(span) if self.is_interrupted => run.finish(connection, End::Interrupted, span.last),
            _ => Ok(()),
        }
    }

    /// The last run, if the position is in it.
    pub(crate) fn run_of(&self, position: u64) -> Option<&Run> {
        self.run.as_ref().filter(|run| run.base <= position)
    }

    /// Returns whether this run ended without being closed, and nobody has noted it yet.
    pub(crate) fn has_interrupted(&self, run: &Run) -> bool {
        self.is_interrupted && self.run.as_ref().is_some_and(|last| last.number == run.number)
    }

    /// Returns whether anything was ever recorded.
    pub(crate) fn is_used(&self) -> bool {
        self.run.is_some()
    }

    /// Returns what is missing, with ids.
    pub(crate) fn gaps(&self, connection: &Connection) -> Result<Vec<Gap>> {
        let mut runs = ByPosition::default();
        self.spans.iter().map(|span| self.gap(connection, &mut runs, span)).collect()
    }

    /// Gives a span the ids of its run.
    pub(crate) fn gap(&self, connection: &Connection, runs: &mut ByPosition, span: &Span) -> Result<Gap> {
        let run = match self.run_of(span.first) {
            Some(run) => Some(run),
            None => runs.run(connection, span.first)?,
        };
        // Positions before the first run belong to runs that are lost as a whole.
        let id = |position| run.map_or_else(|| EventId::new(0, position), |run| run.id(position));
        Ok(Gap { from: id(span.first), to: id(span.last), events: span.events, cause: span.cause.clone() })
    }
}

/// The last position of an event or a gap, or that retention deleted.
fn last_entry(connection: &Connection) -> Result<u64> {
    let last: Option<i64> = connection
        .prepare_cached(
            "SELECT max(
                coalesce((SELECT max(position) FROM events), 0),
                coalesce((SELECT last FROM gaps ORDER BY first DESC LIMIT 1), 0),
                (SELECT position FROM floor))",
        )?
        .query_row([], |row| row.get(0))?;
    Ok(position(last.unwrap_or(0)))
}
