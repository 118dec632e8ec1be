//! Texts that occur often, stored once and numbered.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, Error, OptionalExtension, Result, ffi};

/// More are looked up in the file, so that memory is bounded.
const MOST: usize = 50_000;

/// Numbers of names, for the writer.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    known: HashMap<Box<str>, i64>,
    /// Those of the transaction that is open.
    added: Vec<Box<str>>,
}

impl Numbers {
    /// Returns the number of a name, a new one if it has none.
    pub(crate) fn number(&mut self, connection: &Connection, name: &str) -> Result<i64> {
        if let Some(number) = self.known.get(name) {
            return Ok(*number);
        }
        let number = if let Some(number) = find(connection, name)? {
            number
        } else {
            connection.prepare_cached("INSERT INTO names (name) VALUES (?1)")?.execute([name])?;
            self.added.push(name.into());
            connection.last_insert_rowid()
        };
        if self.known.len() >= MOST {
            self.known.clear();
        }
        self.known.insert(name.into(), number);
        Ok(number)
    }

    /// The transaction is done.
    pub(crate) fn keep(&mut self) {
        self.added.clear();
    }

    /// The transaction failed: its names are not in the file.
    pub(crate) fn forget(&mut self) {
        for name in self.added.drain(..) {
            self.known.remove(&name);
        }
    }
}

/// Returns the number of a name, if it has one.
pub(crate) fn find(connection: &Connection, name: &str) -> Result<Option<i64>> {
    let mut statement = connection.prepare_cached(
        "SELECT found.id, CAST(names.name AS BLOB) FROM names AS found JOIN names ON names.id = found.id
         WHERE found.name = ?1",
    )?;
    let found = statement.query_row([name], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?))).optional()?;
    match found {
        // The index has this name, and the table another: events of the other would be found.
        Some((_, other)) if other != name.as_bytes() => {
            let corrupt = ffi::Error::new(ffi::SQLITE_CORRUPT);
            Err(Error::SqliteFailure(corrupt, Some("the index of names is damaged".to_owned())))
        }
        found => Ok(found.map(|(number, _)| number)),
    }
}

/// Names by their numbers, for a reader. A number never stands for another name.
#[derive(Debug, Default)]
pub(crate) struct Texts(HashMap<i64, Arc<str>>);

impl Texts {
    /// Returns the name of a number; `None` if the file has none, which is damage.
    pub(crate) fn text(&mut self, connection: &Connection, number: i64) -> Result<Option<Arc<str>>> {
        if let Some(text) = self.0.get(&number) {
            return Ok(Some(Arc::clone(text)));
        }
        let mut statement =
            connection.prepare_cached("SELECT CAST(name AS BLOB) FROM names WHERE id = ?1")?;
        let bytes: Option<Vec<u8>> = statement.query_row([number], |row| row.get(0)).optional()?;
        let text: Option<Arc<str>> = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).map(Into::into);
        if let Some(text) = &text {
            if self.0.len() >= MOST {
                self.0.clear();
            }
            self.0.insert(number, Arc::clone(text));
        }
        Ok(text)
    }
}
