//! The runs of buses that a journal holds, and the positions of their events.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::SystemTime;

use bus_core::EventId;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use crate::checksum::Checksum;
use crate::line::nanos;
use crate::schema::{column, position};

/// A run of a bus, or an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    /// The position before its first event; no event has it.
    pub(crate) base: u64,
    pub(crate) number: u64,
    begun: i64,
    ended: Option<i64>,
    /// Its last position, once it is over.
    pub(crate) last: Option<u64>,
    end: Option<End>,
    is_damaged: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Closed,
    /// The process ended without closing it.
    Interrupted,
}

impl End {
    fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Interrupted => "interrupted",
        }
    }
}

const COLUMNS: &str = "base, run, begun, ended, last, end, checksum";

impl Run {
    pub(crate) fn new(base: u64, number: u64) -> Self {
        let begun = nanos(SystemTime::now());
        Self { base, number, begun, ended: None, last: None, end: None, is_damaged: false }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.last.is_some()
    }

    pub(crate) fn is_damaged(&self) -> bool {
        self.is_damaged
    }

    fn checksum(&self) -> i32 {
        let mut sum = Checksum::new();
        let ended = self.ended.map_or(0, i64::cast_unsigned);
        for number in [self.base, self.number, self.begun.cast_unsigned(), ended, self.last.unwrap_or(0)] {
            sum.number(number);
        }
        sum.text(self.end.map_or("", End::name));
        sum.value()
    }

    pub(crate) fn insert(&self, connection: &Connection) -> Result<()> {
        let values = params![column(self.base), self.number.cast_signed(), self.begun, self.checksum()];
        connection
            .execute("INSERT INTO runs (base, run, begun, checksum) VALUES (?1, ?2, ?3, ?4)", values)
            .map(drop)
    }

    /// Writes how it ended, and its last position.
    pub(crate) fn finish(&mut self, connection: &Connection, end: End, last: u64) -> Result<()> {
        (self.ended, self.last, self.end) = (Some(nanos(SystemTime::now())), Some(last), Some(end));
        let values = params![column(self.base), self.ended, column(last), end.name(), self.checksum()];
        let update = "UPDATE runs SET ended = ?2, last = ?3, end = ?4, checksum = ?5 WHERE base = ?1";
        connection.execute(update, values).map(drop)
    }

    fn read(row: &Row<'_>) -> Result<Self> {
        let end = match row.get::<_, Option<String>>(5)?.as_deref() {
            Some("closed") => Some(End::Closed),
            Some(_) => Some(End::Interrupted),
            None => None,
        };
        let mut run = Self {
            base: position(row.get(0)?),
            number: row.get::<_, i64>(1)?.cast_unsigned(),
            begun: row.get(2)?,
            ended: row.get(3)?,
            last: row.get::<_, Option<i64>>(4)?.map(position),
            end,
            is_damaged: false,
        };
        run.is_damaged = row.get::<_, i64>(6)? != i64::from(run.checksum());
        Ok(run)
    }

    /// The id of a position in it.
    pub(crate) fn id(&self, position: u64) -> EventId {
        EventId::new(self.number, position.saturating_sub(self.base))
    }
}

/// A number for an import that no other run has: random words of the standard library's hasher over
/// the clock.
pub(crate) fn new_number() -> u64 {
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_i64(nanos(SystemTime::now()));
    hasher.finish()
}

fn one(connection: &Connection, condition: &str, value: i64) -> Result<Option<Run>> {
    let select = format!("SELECT {COLUMNS} FROM runs WHERE {condition} LIMIT 1");
    connection.prepare_cached(&select)?.query_row([value], Run::read).optional()
}

/// The run with this number.
pub(crate) fn find(connection: &Connection, run: u64) -> Result<Option<Run>> {
    one(connection, "run = ?1", run.cast_signed())
}

/// The position of an id; `None` if its run is not there, or ended before it.
pub(crate) fn position_of(connection: &Connection, id: EventId) -> Result<Option<u64>> {
    let Some(run) = find(connection, id.run())? else { return Ok(None) };
    let at = run.base.saturating_add(id.seq());
    Ok(run.last.is_none_or(|last| at <= last).then_some(at))
}

/// The last run, over or not.
pub(crate) fn last(connection: &Connection) -> Result<Option<Run>> {
    one(connection, "?1 = 0 ORDER BY base DESC", 0)
}

/// All runs, oldest first.
pub(crate) fn all(connection: &Connection) -> Result<Vec<Run>> {
    let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM runs ORDER BY base"))?;
    statement.query_map([], Run::read)?.collect()
}

/// Finds the runs of positions, for one page.
#[derive(Debug, Default)]
pub(crate) struct ByPosition {
    /// The run that was found last, and the base of the next one.
    last: Option<(Run, u64)>,
}

impl ByPosition {
    /// The run that a position belongs to; `None` if there is none, which is damage.
    pub(crate) fn run(&mut self, connection: &Connection, position: u64) -> Result<Option<&Run>> {
        let fits = |(run, next): &(Run, u64)| run.base <= position && position < *next;
        if !self.last.as_ref().is_some_and(fits) {
            let found = one(connection, "base <= ?1 ORDER BY base DESC", column(position))?;
            let next = one(connection, "base > ?1 ORDER BY base", column(position))?;
            self.last = found.map(|run| (run, next.map_or(u64::MAX, |next| next.base)));
        }
        Ok(self.last.as_ref().map(|(run, _)| run))
    }
}
