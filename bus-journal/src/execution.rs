//! The executions of a journal.

use std::time::SystemTime;

use bus_core::{EventId, ExecutionState, ExecutionSummary};
use rusqlite::{Connection, OptionalExtension};

use crate::error::QueryError;
use crate::line;
use crate::names::Texts;
use crate::query::numbers_of_kinds;
use crate::reader::Reader;
use crate::recovery::Tail;
use crate::row::{self, Stored};
use crate::runs::ByPosition;

/// An execution, as far as the journal has its events.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Execution {
    /// Its name.
    pub id: String,
    /// The stream of its first event.
    pub stream: String,
    /// The execution that began it, if its first event says so.
    pub parent: Option<String>,
    /// Its state, by the life that definitions declare. One that goes on in a run of a bus that is
    /// over is interrupted.
    pub state: ExecutionState,
    /// How many events it has.
    pub events: u64,
    /// Its first event.
    pub first: EventId,
    /// Its last event.
    pub last: EventId,
    /// The time of its first event.
    pub begun: SystemTime,
    /// The time of its last event.
    pub ended: SystemTime,
}

impl Reader {
    /// Returns all executions, the one with the newest event first. It counts the events of each,
    /// so it takes longer the more events there are.
    ///
    /// ```
    /// use bus_journal::Journal;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("run.db");
    /// # let bus = bus_core::EventBus::new();
    /// # let lines = concat!(r#"{"type":"asked","stream_id":"desk","execution_id":"exec-1","#,
    /// #     r#""timestamp":"2026-11-22T06:14:08"}"#);
    /// # Journal::open(&path)?.import(bus.reader().lines(lines.as_bytes()))?;
    /// for execution in Journal::read(&path)?.executions()? {
    ///     println!("{} of {}: {} events", execution.id, execution.stream, execution.events);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn executions(&self) -> Result<Vec<Execution>, QueryError> {
        self.with(|connection, names, tail| {
            let mut statement = connection.prepare(
                "SELECT count(*), min(position), max(position) FROM events \
                 WHERE execution IS NOT NULL GROUP BY execution ORDER BY 3 DESC",
            )?;
            let groups = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            let catalogue = self.bus().catalogue();
            let declared = catalogue.iter().filter(|event| event.life.is_some());
            let steps = declared.map(|event| event.kind.to_owned()).collect::<Vec<_>>();
            let steps = numbers_of_kinds(self, connection, &steps)?;
            let mut events = Events { connection, names, tail, runs: ByPosition::default(), steps };
            let mut executions = Vec::new();
            for group in groups {
                executions.extend(events.execution(self, group?)?);
            }
            Ok(executions)
        })
    }
}

/// Reads single events.
struct Events<'a> {
    connection: &'a Connection,
    names: &'a mut Texts,
    tail: &'a Tail,
    runs: ByPosition,
    /// The kinds that are steps of the life of an execution.
    steps: Vec<i64>,
}

impl Events<'_> {
    /// The execution of these events. One whose first or last event is damaged is described by the
    /// other one; `None` if both are.
    fn execution(
        &mut self,
        reader: &Reader,
        (count, first, last): (i64, i64, i64),
    ) -> Result<Option<Execution>, QueryError> {
        let (first, last) = (self.event(first)?, self.event(last)?);
        let (Some(first), Some(last)) = (first.clone().or(last.clone()), last.or(first)) else {
            return Ok(None);
        };
        let Some(id) = &first.execution else { return Ok(None) };
        let read = reader.event(&first.line).ok();
        Ok(Some(Execution {
            id: (**id).to_owned(),
            stream: (*first.stream).to_owned(),
            parent: read.and_then(|event| event.scope().parent_execution().map(str::to_owned)),
            state: self.state(reader, id, &last)?,
            events: u64::try_from(count).unwrap_or(0),
            first: EventId::new(first.place.run, first.place.seq),
            last: EventId::new(last.place.run, last.place.seq),
            begun: line::time(first.time),
            ended: line::time(last.time),
        }))
    }

    /// The state after all steps of its life.
    fn state(&mut self, reader: &Reader, id: &str, last: &Stored) -> Result<ExecutionState, QueryError> {
        let mut summary = ExecutionSummary::new(id);
        let numbers: Vec<String> = self.steps.iter().map(ToString::to_string).collect();
        let select = format!(
            "SELECT position FROM events WHERE execution = (SELECT id FROM names WHERE name = ?1) \
             AND kind IN ({}) ORDER BY position",
            numbers.join(", ")
        );
        let mut statement = self.connection.prepare_cached(&select)?;
        let positions: rusqlite::Result<Vec<i64>> = statement.query_map([id], |row| row.get(0))?.collect();
        for position in positions? {
            if let Some(Ok(event)) = self.event(position)?.map(|stored| reader.event(&stored.line)) {
                summary.add(&event);
            }
        }
        let goes_on = matches!(summary.state, ExecutionState::Running | ExecutionState::Paused);
        let run = self.runs.run(self.connection, last.place.position)?;
        let is_over = run.is_some_and(|run| run.is_over() || self.tail.has_interrupted(run));
        Ok(if goes_on && is_over { ExecutionState::Interrupted } else { summary.state })
    }

    fn event(&mut self, position: i64) -> Result<Option<Stored>, QueryError> {
        let (connection, runs, names) = (self.connection, &mut self.runs, &mut *self.names);
        let run = runs.run(connection, crate::schema::position(position))?;
        let select = format!("SELECT {} FROM events WHERE position = ?1", row::COLUMNS);
        let read = connection
            .prepare_cached(&select)?
            .query_row([position], |row| Ok(row::read(connection, names, run, row)))
            .optional()?;
        Ok(read.flatten())
    }
}
