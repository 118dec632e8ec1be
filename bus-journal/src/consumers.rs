//! The rows of consumers: how far each is, and the events that it could not handle.
//!
//! The tables are small, so they are read as a whole and without their indexes. A row whose name is
//! damaged is noticed by this, and the index notices one that the table has lost.

use std::time::SystemTime;

use bus_core::EventId;
use rusqlite::{Connection, Result, Row, ToSql, params};

use crate::checksum::Checksum;
use crate::error::QueryError;
use crate::line::nanos;

/// How far a consumer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) consumer: String,
    /// The last event that it has handled.
    pub(crate) at: EventId,
}

/// An event that a consumer could not handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parked {
    pub(crate) consumer: String,
    pub(crate) event: EventId,
    /// When it was parked, in nanoseconds since 1970.
    pub(crate) time: i64,
    pub(crate) reason: String,
}

/// A row of one of the tables.
pub(crate) trait Stored: Sized {
    const TABLE: &str;

    /// Reads all columns but the checksum, which is the last one.
    fn read(row: &Row<'_>) -> Result<Self>;

    fn consumer(&self) -> &str;

    fn checksum(&self) -> i32;

    /// Reads all rows; `None` for one that is damaged.
    fn all(connection: &Connection) -> Result<Vec<Option<Self>>> {
        let select = format!("SELECT * FROM {} NOT INDEXED ORDER BY rowid", Self::TABLE);
        let mut statement = connection.prepare_cached(&select)?;
        let sum = statement.column_count() - 1;
        let rows = statement.query_map([], |row| {
            let read = Self::read(row).ok();
            Ok(read.filter(|read| row.get(sum) == Ok(read.checksum())))
        })?;
        rows.collect()
    }

    /// Reads the rows of one consumer.
    fn of(connection: &Connection, consumer: &str) -> Result<Vec<Self>, QueryError> {
        let all = Self::all(connection)?;
        let is_damaged = all.iter().any(Option::is_none);
        let own = all.into_iter().flatten().filter(|row| row.consumer() == consumer);
        let own: Vec<_> = own.collect();
        let select = format!("SELECT count(*) FROM {} WHERE consumer = ?1", Self::TABLE);
        let mut statement = connection.prepare_cached(&select)?;
        let by_index: i64 = statement.query_row([consumer], |row| row.get(0))?;
        if is_damaged || usize::try_from(by_index) != Ok(own.len()) {
            return Err(QueryError::Damaged(format!("{}, perhaps one of `{consumer}`", damage(Self::TABLE))));
        }
        Ok(own)
    }
}

/// Says that rows of a table are damaged.
fn damage(table: &str) -> String {
    format!("a row of the table `{table}` does not match its checksum or its index")
}

/// Reports damage of either table.
pub(crate) fn check(connection: &Connection) -> Result<Vec<String>> {
    let positions = Position::all(connection)?.iter().any(Option::is_none);
    let parked = Parked::all(connection)?.iter().any(Option::is_none);
    let tables = [(positions, Position::TABLE), (parked, Parked::TABLE)];
    Ok(tables.iter().filter(|(is_damaged, _)| *is_damaged).map(|(_, table)| damage(table)).collect())
}

impl Stored for Position {
    const TABLE: &str = "positions";

    fn read(row: &Row<'_>) -> Result<Self> {
        Ok(Self { consumer: row.get(0)?, at: id(row, 1)? })
    }

    fn consumer(&self) -> &str {
        &self.consumer
    }

    fn checksum(&self) -> i32 {
        let mut sum = Checksum::new();
        sum.text(&self.consumer);
        sum.number(self.at.run());
        sum.number(self.at.seq());
        sum.value()
    }
}

impl Stored for Parked {
    const TABLE: &str = "parked";

    fn read(row: &Row<'_>) -> Result<Self> {
        Ok(Self { consumer: row.get(0)?, event: id(row, 1)?, time: row.get(3)?, reason: row.get(4)? })
    }

    fn consumer(&self) -> &str {
        &self.consumer
    }

    fn checksum(&self) -> i32 {
        let mut sum = Checksum::new();
        sum.text(&self.consumer);
        sum.number(self.event.run());
        sum.number(self.event.seq());
        sum.number(self.time.cast_unsigned());
        sum.text(&self.reason);
        sum.value()
    }
}

impl Position {
    pub(crate) fn insert(&self, connection: &Connection) -> Result<()> {
        let [run, seq] = columns(self.at);
        let insert = "INSERT OR REPLACE INTO positions VALUES (?1, ?2, ?3, ?4)";
        insert_row(connection, insert, params![self.consumer, run, seq, self.checksum()])
    }
}

impl Parked {
    pub(crate) fn new(consumer: &str, event: EventId, reason: &str) -> Self {
        let time = nanos(SystemTime::now());
        Self { consumer: consumer.to_owned(), event, time, reason: reason.to_owned() }
    }

    pub(crate) fn insert(&self, connection: &Connection) -> Result<()> {
        let [run, seq] = columns(self.event);
        let insert = "INSERT OR REPLACE INTO parked VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let values = params![self.consumer, run, seq, self.time, self.reason, self.checksum()];
        insert_row(connection, insert, values)
    }

    /// Deletes the row of a parked event. Returns whether there was one.
    pub(crate) fn delete(connection: &Connection, consumer: &str, event: EventId) -> Result<bool> {
        let [run, seq] = columns(event);
        let delete = "DELETE FROM parked WHERE consumer = ?1 AND run = ?2 AND seq = ?3";
        Ok(connection.prepare_cached(delete)?.execute(params![consumer, run, seq])? > 0)
    }
}

fn insert_row(connection: &Connection, insert: &str, values: &[&dyn ToSql]) -> Result<()> {
    connection.prepare_cached(insert)?.execute(values).map(drop)
}

/// An id in two columns.
fn id(row: &Row<'_>, first: usize) -> Result<EventId> {
    let number = |column| row.get(column).map(i64::cast_unsigned);
    Ok(EventId::new(number(first)?, number(first + 1)?))
}

fn columns(id: EventId) -> [i64; 2] {
    [id.run(), id.seq()].map(u64::cast_signed)
}
