//! The executions of a journal.

use std::collections::HashMap;
use std::time::SystemTime;

use bus_core::{EventId, ExecutionState, ExecutionSummary};
use rusqlite::Connection;

use crate::error::QueryError;
use crate::find::stored_at;
use crate::line;
use crate::names::{Names, Table};
use crate::query::{any_of, kinds_with, numbers_of_kinds};
use crate::reader::Reader;
use crate::recovery::Tail;
use crate::reports::Reports;
use crate::runs::ByPosition;
use crate::stored::Stored;

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
    /// How many of them [report an error](bus_core::Event::is_error).
    pub errors: u64,
    /// When it began, if an event of it says so.
    pub start: Option<SystemTime>,
    /// When it ended, if an event of it says so.
    pub end: Option<SystemTime>,
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
    /// Returns all executions, the one with the newest event first. It counts the events of each by
    /// an index, and reads those that may report an error.
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
                "SELECT count(*), min(position), max(position), execution FROM events \
                 WHERE execution IS NOT NULL GROUP BY execution ORDER BY 3 DESC",
            )?;
            let groups = statement.query_map([], |row| {
                let (count, first) = (row.get(0)?, row.get(1)?);
                Ok(Group { count, first, last: row.get(2)?, execution: row.get(3)? })
            })?;
            let catalogue = self.bus().catalogue();
            let declared = catalogue.iter().filter(|event| event.life.is_some());
            let steps = declared.map(|event| event.kind.to_owned()).collect::<Vec<_>>();
            let steps = numbers_of_kinds(self, connection, &steps)?;
            let mut events = Events { connection, names, tail, runs: ByPosition::default(), steps };
            let mut errors = events.errors(self)?;
            let mut executions = Vec::new();
            for group in groups {
                let group = group?;
                let errors = errors.remove(&group.execution).unwrap_or(0);
                executions.extend(events.execution(self, &group, errors)?);
            }
            Ok(executions)
        })
    }
}

/// The events of one execution.
struct Group {
    count: i64,
    /// The first and the last position.
    first: i64,
    last: i64,
    /// The number of its name.
    execution: i64,
}

/// Reads single events.
struct Events<'a> {
    connection: &'a Connection,
    names: &'a mut Names,
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
        group: &Group,
        errors: u64,
    ) -> Result<Option<Execution>, QueryError> {
        let (first, last) = (self.event(group.first)?, self.event(group.last)?);
        let (Some(first), Some(last)) = (first.clone().or(last.clone()), last.or(first)) else {
            return Ok(None);
        };
        let Some(id) = first.execution() else { return Ok(None) };
        let life = self.life(reader, id, group, &last)?;
        let read = reader.event(first.line()).ok();
        Ok(Some(Execution {
            id: id.to_owned(),
            stream: first.stream().to_owned(),
            parent: read.and_then(|event| event.scope().parent_execution().map(str::to_owned)),
            state: life.state,
            events: u64::try_from(group.count).unwrap_or(0),
            errors,
            start: life.start,
            end: life.end,
            first: EventId::new(first.place.run, first.place.seq),
            last: EventId::new(last.place.run, last.place.seq),
            begun: line::time(first.time),
            ended: line::time(last.time),
        }))
    }

    /// Its state and times after all steps of its life.
    fn life(
        &mut self,
        reader: &Reader,
        id: &str,
        group: &Group,
        last: &Stored,
    ) -> Result<ExecutionSummary, QueryError> {
        let mut summary = ExecutionSummary::new(id);
        let select = format!(
            "SELECT position FROM events WHERE execution = ?1{} ORDER BY position",
            any_of("kind", &self.steps)
        );
        let mut statement = self.connection.prepare_cached(&select)?;
        let positions: rusqlite::Result<Vec<i64>> =
            statement.query_map([group.execution], |row| row.get(0))?.collect();
        for position in positions? {
            if let Some(Ok(event)) = self.event(position)?.map(|stored| reader.event(stored.line())) {
                summary.add(&event);
            }
        }
        let run = self.runs.run(self.connection, last.place.position)?;
        if run.is_some_and(|run| run.is_over() || self.tail.has_interrupted(run)) {
            summary.interrupt();
        }
        Ok(summary)
    }

    /// How many events of each execution report an error. Of kinds that may or may not, only events
    /// with such a member are read.
    fn errors(&mut self, reader: &Reader) -> Result<HashMap<i64, u64>, QueryError> {
        let (always, perhaps) = self.kinds_with_errors(reader)?;
        let select = format!(
            "SELECT execution, count(*) FROM events WHERE execution IS NOT NULL{} GROUP BY execution",
            any_of("kind", &always)
        );
        let mut statement = self.connection.prepare(&select)?;
        let counts =
            statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned())))?;
        let mut errors: HashMap<i64, u64> = counts.collect::<rusqlite::Result<_>>()?;
        // The name of a member may have its letters as numbers.
        let select = format!(
            "SELECT position, execution FROM events WHERE execution IS NOT NULL{} \
             AND (instr(data, 'error\"') OR instr(data, '\\u'))",
            any_of("kind", &perhaps)
        );
        let mut statement = self.connection.prepare(&select)?;
        let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for (position, execution) in found.collect::<rusqlite::Result<Vec<(i64, i64)>>>()? {
            let event = self.event(position)?.and_then(|stored| reader.event(stored.line()).ok());
            if event.is_some_and(|event| event.is_error()) {
                *errors.entry(execution).or_default() += 1;
            }
        }
        Ok(errors)
    }

    /// The kinds of which each event reports an error, and those of which one may.
    fn kinds_with_errors(&mut self, reader: &Reader) -> Result<(Vec<i64>, Vec<i64>), QueryError> {
        let (mut always, mut perhaps) = (Vec::new(), Vec::new());
        for number in kinds_with(self.connection, "")? {
            let Some(kind) = self.names.name(self.connection, Table::Kinds, number)? else { continue };
            match reader.reports(kind.text()) {
                Reports::Always => always.push(number),
                Reports::Never => {}
                Reports::Perhaps => perhaps.push(number),
            }
        }
        Ok((always, perhaps))
    }

    fn event(&mut self, position: i64) -> Result<Option<Stored>, QueryError> {
        Ok(stored_at(self.connection, self.names, &mut self.runs, position)?)
    }
}
