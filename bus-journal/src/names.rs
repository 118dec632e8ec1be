//! Texts that occur often, stored once and numbered: kinds, executions, and the rest of a scope.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use rusqlite::{Connection, Error, OptionalExtension, Result, ffi, params_from_iter};

use crate::checksum::Checksum;

/// More are looked up in the file, so that memory is bounded.
const MOST: usize = 50_000;

/// A table of names, and its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Table {
    /// A name, and a version as JSON.
    Kinds,
    /// A name.
    Executions,
    /// A stream, a node, a correlation, and the members of other attributes as JSON.
    Scopes,
}

/// The most columns of a table.
const COLUMNS: usize = 4;

impl Table {
    fn name(self) -> &'static str {
        ["kinds", "executions", "scopes"][self as usize]
    }

    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Kinds => &["name", "version"],
            Self::Executions => &["name"],
            Self::Scopes => &["stream", "node", "correlation", "attributes"],
        }
    }

    /// The columns as they stand in the table, where an index may have others.
    fn select(self, condition: &str) -> String {
        let columns: Vec<_> =
            self.columns().iter().map(|column| format!("CAST(stored.{column} AS BLOB)")).collect();
        let (name, columns) = (self.name(), columns.join(", "));
        format!("SELECT stored.id, {columns} FROM {name} AS stored {condition}")
    }

    /// The columns of the rows that an index finds.
    fn select_by_index(self, condition: &str) -> String {
        self.select(&format!("JOIN {} AS found ON found.id = stored.id WHERE {condition}", self.name()))
    }
}

/// The number of a row of names, and the checksum of its texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Number {
    pub(crate) id: i64,
    pub(crate) sum: i32,
}

/// Numbers of names, for the writer.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    known: HashMap<Box<[u8]>, Number>,
    /// The texts of a row as one, which is what they are known by.
    key: Vec<u8>,
    /// Those of the transaction that is open.
    added: Vec<Box<[u8]>>,
    /// The kinds and executions of the transaction that is open. Each has a page of an index that
    /// is written.
    touched: HashSet<(Table, i64), BuildHasherDefault<ByNumber>>,
}

impl Numbers {
    /// Returns the number of a row with these texts, a new one if there is none.
    pub(crate) fn number(
        &mut self,
        connection: &Connection,
        table: Table,
        texts: &[Option<&str>],
    ) -> Result<Number> {
        self.key.clear();
        self.key.push(table as u8);
        for text in texts {
            // With its length, so that no two rows look alike.
            self.key.extend(text.map_or(u64::MAX, |text| text.len() as u64).to_le_bytes());
            self.key.extend(text.unwrap_or_default().as_bytes());
        }
        let number = match self.known.get(&*self.key) {
            Some(number) => *number,
            None => self.look_up(connection, table, texts)?,
        };
        if table != Table::Scopes {
            self.touched.insert((table, number.id));
        }
        Ok(number)
    }

    #[cold]
    fn look_up(&mut self, connection: &Connection, table: Table, texts: &[Option<&str>]) -> Result<Number> {
        let id = if let Some(id) = row(connection, table, texts)? {
            id
        } else {
            let columns = table.columns();
            let places = ["?1", "?2", "?3", "?4"][..columns.len()].join(", ");
            let insert = format!("INSERT INTO {} ({}) VALUES ({places})", table.name(), columns.join(", "));
            connection.prepare_cached(&insert)?.execute(params_from_iter(texts))?;
            self.added.push(self.key.as_slice().into());
            connection.last_insert_rowid()
        };
        if self.known.len() >= MOST {
            self.known.clear();
        }
        let number = Number { id, sum: sum(texts) };
        self.known.insert(self.key.as_slice().into(), number);
        Ok(number)
    }

    /// How many kinds and executions the transaction that is open has events of.
    pub(crate) fn touched(&self) -> u64 {
        self.touched.len() as u64
    }

    /// The transaction is done.
    pub(crate) fn keep(&mut self) {
        self.added.clear();
        self.touched.clear();
    }

    /// The last transaction failed, if it is not done: its names are not in the file.
    pub(crate) fn forget(&mut self) {
        for name in self.added.drain(..) {
            self.known.remove(&name);
        }
        self.touched.clear();
    }
}

/// Returns the number of the row with these texts, if there is one.
fn row(connection: &Connection, table: Table, texts: &[Option<&str>]) -> Result<Option<i64>> {
    let equal: Vec<_> =
        table.columns().iter().zip(1..).map(|(column, at)| format!("found.{column} IS ?{at}")).collect();
    let mut statement = connection.prepare_cached(&table.select_by_index(&equal.join(" AND ")))?;
    let found = statement.query_row(params_from_iter(texts), |row| read(row, table)).optional()?;
    let Some((number, name)) = found else { return Ok(None) };
    let is_equal = name.is_some_and(|name| texts.iter().enumerate().all(|(at, text)| name.get(at) == *text));
    if is_equal { Ok(Some(number)) } else { Err(damaged()) }
}

/// Returns the numbers of all rows whose first text is this.
pub(crate) fn find(connection: &Connection, table: Table, text: &str) -> Result<Vec<i64>> {
    let column = table.columns()[0];
    let select = table.select_by_index(&format!("found.{column} = ?1"));
    let mut statement = connection.prepare_cached(&select)?;
    let rows = statement.query_map([text], |row| read(row, table))?;
    rows.map(|row| match row? {
        (number, Some(name)) if name.text() == text => Ok(number),
        _ => Err(damaged()),
    })
    .collect()
}

/// The index has these texts, and the table others: events of the others would be found.
#[cold]
fn damaged() -> Error {
    let corrupt = ffi::Error::new(ffi::SQLITE_CORRUPT);
    Error::SqliteFailure(corrupt, Some("the index of names is damaged".to_owned()))
}

/// A row of a table of names.
#[derive(Debug, Default)]
pub(crate) struct Name {
    texts: [Option<Box<str>>; COLUMNS],
    /// Over the texts, for the checksums of events.
    sum: i32,
}

impl Name {
    /// Returns the text of a column.
    pub(crate) fn get(&self, column: usize) -> Option<&str> {
        self.texts[column].as_deref()
    }

    /// Returns the text of the first column.
    pub(crate) fn text(&self) -> &str {
        self.get(0).unwrap_or_default()
    }

    pub(crate) fn sum(&self) -> i32 {
        self.sum
    }
}

/// The checksum of the texts of a row.
fn sum(texts: &[Option<&str>]) -> i32 {
    let mut sum = Checksum::new();
    for text in texts {
        sum.optional(*text);
    }
    sum.value()
}

/// Reads a row; nothing if it is damaged.
fn read(row: &rusqlite::Row<'_>, table: Table) -> Result<(i64, Option<Name>)> {
    let mut name = Name::default();
    for at in 0..table.columns().len() {
        let text = row.get::<_, Option<Vec<u8>>>(at + 1)?.map(String::from_utf8).transpose();
        match text {
            Ok(text) => name.texts[at] = text.map(String::into_boxed_str),
            Err(_) => return Ok((row.get(0)?, None)),
        }
    }
    let texts = name.texts.each_ref().map(Option::as_deref);
    name.sum = sum(&texts[..table.columns().len()]);
    Ok((row.get(0)?, Some(name)))
}

/// Names by their numbers, for a reader. A number never stands for another name.
#[derive(Debug, Default)]
pub(crate) struct Names([HashMap<i64, Arc<Name>, BuildHasherDefault<ByNumber>>; 3]);

impl Names {
    /// Returns the name of a number; `None` if the file has none, which is damage.
    #[inline]
    pub(crate) fn name(
        &mut self,
        connection: &Connection,
        table: Table,
        number: i64,
    ) -> Result<Option<Arc<Name>>> {
        match self.0[table as usize].get(&number) {
            Some(name) => Ok(Some(Arc::clone(name))),
            None => self.look_up(connection, table, number),
        }
    }

    #[cold]
    fn look_up(&mut self, connection: &Connection, table: Table, number: i64) -> Result<Option<Arc<Name>>> {
        let mut statement = connection.prepare_cached(&table.select("WHERE stored.id = ?1"))?;
        let found = statement.query_row([number], |row| read(row, table)).optional()?;
        let name = found.and_then(|(_, name)| name).filter(|name| name.get(0).is_some()).map(Arc::new);
        if let Some(name) = &name {
            let known = &mut self.0[table as usize];
            if known.len() >= MOST {
                known.clear();
            }
            known.insert(number, Arc::clone(name));
        }
        Ok(name)
    }
}

/// A hash of small numbers, which nobody outside chooses.
#[derive(Debug, Default)]
struct ByNumber(u64);

impl Hasher for ByNumber {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_i64(i64::from(*byte));
        }
    }

    fn write_isize(&mut self, number: isize) {
        self.write_i64(number as i64);
    }

    fn write_i64(&mut self, number: i64) {
        // The table takes the high bits and the low ones.
        self.0 = (self.0 ^ number.cast_unsigned()).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32);
    }
}
