//! Deletes old events, in small steps.

use std::time::{Duration, SystemTime};

use bus_core::store::StoreError;
use rusqlite::{Connection, OptionalExtension, Result, params};

use crate::journal::Journal;
use crate::line::nanos;
use crate::schema::{column, position};

/// How many positions one transaction deletes: some milliseconds, so that no commit waits longer.
const STEP: u64 = 500;

/// No more than about so many bytes either, since large events have pages of their own.
const STEP_BYTES: u64 = 1 << 20;

/// Which events a journal keeps. All of the conditions hold; without any everything is kept.
///
/// ```
/// use std::time::Duration;
/// use bus_journal::{Journal, Retention};
///
/// # let folder = tempfile::tempdir()?;
/// let journal = Journal::open(folder.path().join("run.db"))?;
/// let week = Duration::from_secs(7 * 24 * 3600);
/// let deleted = journal.retain(Retention::all().max_age(week).max_bytes(1 << 30))?;
/// assert_eq!(deleted, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
#[must_use = "it does nothing until it is given to `Journal::retain`"]
pub struct Retention {
    age: Option<Duration>,
    bytes: Option<u64>,
    events: Option<u64>,
}

impl Retention {
    /// Keeps all events.
    pub fn all() -> Self {
        Self::default()
    }

    /// Keeps no event that is older than this. By the clocks of the buses: an event that stands
    /// behind a younger one stays with it.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.age = Some(age);
        self
    }

    /// Keeps as many of the newest events as the file has space for in so many bytes.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.bytes = Some(bytes);
        self
    }

    /// Keeps so many of the newest events.
    pub fn max_events(mut self, events: u64) -> Self {
        self.events = Some(events);
        self
    }
}

impl Journal {
    /// Deletes the oldest events, in steps of some milliseconds between which a bus goes on
    /// recording, and gives their space back to the disk. Returns how many were deleted. Queries
    /// that ask for them get a gap with the cause [`Retention`](crate::GapCause::Retention).
    ///
    /// It returns when the journal is small enough: call it now and then on a thread of its own.
    ///
    /// # Errors
    /// If the file cannot be written. What was deleted until then stays deleted.
    pub fn retain(&self, retention: Retention) -> std::result::Result<u64, StoreError> {
        // Counted once, by a connection that holds nobody up.
        let surplus = self.with(|connection, _, _| Ok(surplus(connection, retention)?));
        let surplus = surplus.map_err(StoreError::failed)?;
        let mut deleted = 0;
        loop {
            let mut writer = self.writer();
            let step = writer.change(STEP_BYTES, |connection| delete_step(connection, retention, surplus))?;
            let Some(step) = step else {
                // The log holds the pages that are to be given back.
                writer.checkpoint();
                return Ok(deleted);
            };
            deleted += step;
        }
    }
}

/// Deletes some of the oldest events that are not kept. Returns how many; `None` if all others are
/// kept and all free pages were given back.
fn delete_step(connection: &Connection, retention: Retention, surplus: u64) -> Result<Option<u64>> {
    let floor: i64 = connection.query_row("SELECT position FROM floor", [], |row| row.get(0))?;
    let floor = position(floor);
    let freed = vacuum(connection)?;
    let Some(to) = last_deleted(connection, retention, floor, surplus)? else {
        return Ok((freed > 0).then_some(0));
    };
    let values = params![column(to)];
    let deleted = connection.execute("DELETE FROM events WHERE position <= ?1", values)?;
    connection.execute("DELETE FROM gaps WHERE last <= ?1", values)?;
    connection.execute("DELETE FROM times WHERE position < ?1", values)?;
    connection.execute("UPDATE floor SET position = ?1", values)?;
    Ok(Some(deleted as u64))
}

/// The last position of more events than are kept; 0 if there are not so many.
fn surplus(connection: &Connection, retention: Retention) -> Result<u64> {
    let Some(most) = retention.events else { return Ok(0) };
    let select = "SELECT position FROM events ORDER BY position DESC LIMIT 1 OFFSET ?1";
    let last = connection.query_row(select, [column(most)], |row| row.get(0)).optional()?;
    Ok(position(last.unwrap_or(0)))
}

/// The last position of the next step; `None` if the next event is kept.
fn last_deleted(
    connection: &Connection,
    retention: Retention,
    floor: u64,
    surplus: u64,
) -> Result<Option<u64>> {
    let step = |most: u64| {
        let select = "SELECT max(position) FROM (
            SELECT position FROM events WHERE position <= ?1 ORDER BY position LIMIT ?2)";
        connection.query_row(select, [most, STEP].map(column), |row| row.get::<_, Option<i64>>(0))
    };
    let mut last = step(surplus)?;
    if retention.bytes.is_some_and(|most| used(connection).is_ok_and(|used| used > most)) {
        last = last.max(step(u64::MAX)?);
    }
    if let Some(time) = retention.age.and_then(|age| SystemTime::now().checked_sub(age)) {
        let old: Option<i64> = connection.query_row(
            "SELECT max(position) FROM (
                 SELECT position, max(time) OVER (ORDER BY position) AS highest
                 FROM (SELECT position, time FROM events ORDER BY position LIMIT ?1))
             WHERE highest < ?2",
            params![column(STEP), nanos(time)],
            |row| row.get(0),
        )?;
        last = last.max(old);
    }
    let Some(last) = last.map(position).filter(|last| *last > floor) else { return Ok(None) };
    Ok(Some(last.min(end_of_step(connection)?)))
}

/// The last position of the oldest events that one step may delete: one at least.
fn end_of_step(connection: &Connection) -> Result<u64> {
    let select = "SELECT max(position) FROM (
            SELECT position, sum(bytes) OVER (ORDER BY position) - bytes AS before
            FROM (SELECT position, octet_length(data) AS bytes FROM events ORDER BY position LIMIT ?1))
        WHERE before < ?2";
    connection.query_row(select, [STEP, STEP_BYTES].map(column), |row| row.get(0).map(position))
}

/// The bytes of the pages in use.
fn used(connection: &Connection) -> Result<u64> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let pages = number("page_count")?.saturating_sub(number("freelist_count")?);
    Ok(position(pages.saturating_mul(number("page_size")?)))
}

/// Gives free pages back, some at a time. Each row of the statement frees one page, so all of them
/// are stepped through.
fn vacuum(connection: &Connection) -> Result<usize> {
    let mut statement = connection.prepare("PRAGMA incremental_vacuum(64)")?;
    let mut rows = statement.query([])?;
    let mut freed = 0;
    while rows.next()?.is_some() {
        freed += 1;
    }
    Ok(freed)
}
