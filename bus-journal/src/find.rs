//! Finds one event by its id.

use rusqlite::{Connection, OptionalExtension, Result};

use crate::error::QueryError;
use crate::names::Names;
use crate::query::Recorded;
use crate::reader::Reader;
use crate::row;
use crate::runs::{self, ByPosition};
use crate::schema::{column, position};
use crate::short::Short;
use crate::stored::Stored;

impl Reader {
    /// Returns the event with this id, of this bus or of another system, by a look-up in an index.
    ///
    /// ```
    /// use bus_journal::Journal;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("run.db");
    /// # let bus = bus_core::EventBus::new();
    /// # let lines = concat!(r#"{"type":"asked","stream_id":"desk","id":"00c0ffee00c0ffee-42","#,
    /// #     r#""timestamp":"2026-11-22T06:14:08"}"#);
    /// # Journal::open(&path)?.import(bus.reader().lines(lines.as_bytes()))?;
    /// let event = Journal::read(&path)?.find("00c0ffee00c0ffee-42")?;
    /// assert_eq!(event.unwrap().kind(), "asked");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the file cannot be read, or the event is damaged.
    pub fn find(&self, id: &str) -> std::result::Result<Option<Recorded>, QueryError> {
        self.with(|connection, names, _| {
            let json = serde_json::Value::from(id).to_string();
            let Some(at) = position_of(connection, &json)? else { return Ok(None) };
            match stored_at(connection, names, &mut ByPosition::default(), at)? {
                // The index may be damaged, which no checksum of a row says.
                Some(stored) if stored.id() == Short::id(&json, None) => {
                    Ok(Some(Recorded::new(stored, self)))
                }
                _ => Err(QueryError::Damaged("a checksum does not match".to_owned())),
            }
        })
    }
}

/// The position of the event with this id as JSON, if it is there.
pub(crate) fn position_of(connection: &Connection, id: &str) -> Result<Option<i64>> {
    let origin = Short::id(id, None);
    let found = position_of_origin(connection, &origin)?;
    let Short::Id(own) = origin else { return Ok(found) };
    if found.is_some() {
        return Ok(found);
    }
    let Some(at) = runs::position_of(connection, own)? else { return Ok(None) };
    let select = "SELECT position FROM events WHERE position = ?1 AND origin IS NULL";
    connection.prepare_cached(select)?.query_row([column(at)], |row| row.get(0)).optional()
}

/// The position of the event that came with this id or key.
pub(crate) fn position_of_origin(connection: &Connection, origin: &Short) -> Result<Option<i64>> {
    let select = "SELECT position FROM events WHERE origin = ?1";
    connection.prepare_cached(select)?.query_row([origin], |row| row.get(0)).optional()
}

/// Reads the event at a position; `None` if there is none, or if it does not match its checksum.
pub(crate) fn stored_at(
    connection: &Connection,
    names: &mut Names,
    runs: &mut ByPosition,
    at: i64,
) -> Result<Option<Stored>> {
    let position = position(at);
    let run = runs.run(connection, position)?;
    let select = format!("SELECT {} FROM events WHERE position = ?1", row::COLUMNS);
    let mut statement = connection.prepare_cached(&select)?;
    let read = |row: &rusqlite::Row<'_>| Ok(row::read(connection, names, (run, position), row));
    statement.query_row([at], read).optional().map(Option::flatten)
}
