//! The row of an event: from its line to columns and back.

use std::time::SystemTime;

use bus_core::{AnyEvent, EventId, ReadEvent, Scope};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, Result, Row, Statement, params};

use crate::checksum::Checksum;
use crate::line::{Labels, Members, nanos};
use crate::names::{Names, Numbers, Table};
use crate::runs::Run;
use crate::schema::column;
use crate::short::Short;
use crate::stored::{Content, ShortMembers, Stored};

/// Longer attributes are seldom the same twice, so they are not worth a row of their own.
const LONGEST_ATTRIBUTES: usize = 256;

pub(crate) const COLUMNS: &str =
    "position, kind, scope, execution, time, skipped, checksum, cause, seq, origin, data";

/// An event to be written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fact<'a> {
    pub(crate) kind: &'a str,
    pub(crate) scope: &'a Scope,
    pub(crate) time: SystemTime,
    pub(crate) line: &'a str,
    /// Set for a line without an id: what it is recognised by when it is imported again.
    pub(crate) key: Option<u128>,
}

/// Where an event is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) position: u64,
    pub(crate) run: u64,
    pub(crate) seq: u64,
    /// How many positions before it have no entry.
    pub(crate) skipped: u64,
}

impl<'a> Fact<'a> {
    pub(crate) fn of(event: &'a AnyEvent, line: &'a str) -> Self {
        Self { kind: event.kind(), scope: event.scope(), time: event.timestamp(), line, key: None }
    }

    pub(crate) fn read(event: &'a ReadEvent, line: &'a str, key: Option<u128>) -> Self {
        Self { kind: event.kind(), scope: event.scope(), time: event.timestamp(), line, key }
    }

    fn labels(&self) -> Labels<'a> {
        let scope = self.scope;
        Labels {
            kind: self.kind,
            stream: scope.stream(),
            node: scope.node(),
            execution: scope.execution(),
            correlation: scope.correlation(),
        }
    }

    /// Writes the row.
    pub(crate) fn insert(
        &self,
        connection: &Connection,
        statement: &mut Statement<'_>,
        numbers: &mut Numbers,
        place: Place,
    ) -> Result<()> {
        let (labels, time) = (self.labels(), nanos(self.time));
        let parts = Members::of(self.line);
        let members = parts.filter(|members| {
            let short = members.attributes.len() <= LONGEST_ATTRIBUTES;
            let mut again = String::with_capacity(self.line.len());
            members.write(&labels, time, &mut again);
            short && again == self.line
        });
        let short = self.short(members, parts.map(|parts| parts.id), place);
        let version = members.map(|members| members.version).filter(|version| *version != "null");
        let attributes = members.map(|members| members.attributes).filter(|text| !text.is_empty());
        let attributes = attributes.map(|members| format!("{{{members}}}"));
        let kind = [Some(labels.kind), version];
        let scope = [Some(labels.stream), labels.node, labels.correlation, attributes.as_deref()];
        let execution = labels.execution.map(|execution| [Some(execution)]);
        let (content, data) = match members {
            Some(members) => (Content::Data(members.data), ValueRef::Text(members.data.as_bytes())),
            None => (Content::Line(self.line), ValueRef::Blob(self.line.as_bytes())),
        };
        let execution =
            execution.map(|texts| numbers.number(connection, Table::Executions, &texts)).transpose()?;
        let kind = numbers.number(connection, Table::Kinds, &kind)?;
        let scope = numbers.number(connection, Table::Scopes, &scope)?;
        let sums =
            Sums { kind: kind.sum, scope: scope.sum, execution: execution.map(|execution| execution.sum) };
        statement.execute(params![
            column(place.position),
            kind.id,
            scope.id,
            execution.map(|execution| execution.id),
            time,
            column(place.skipped),
            checksum(place, sums, time, &short, content),
            short.cause,
            short.seq,
            short.origin,
            ToSqlOutput::Borrowed(data),
        ])?;
        Ok(())
    }

    /// The members in few bytes. A whole line is found by its own id too.
    fn short(&self, members: Option<Members<'_>>, id: Option<&str>, place: Place) -> ShortMembers {
        let own = EventId::new(place.run, place.seq);
        let origin = match (id.map(|id| Short::id(id, None)), self.key) {
            (_, Some(key)) => Short::Key(key),
            (Some(origin), None) if origin != Short::Id(own) => origin,
            _ => Short::Usual,
        };
        let Some(members) = members else {
            return ShortMembers { cause: Short::Usual, seq: Short::Usual, origin };
        };
        let cause = match members.cause {
            "null" => Short::Usual,
            cause => Short::id(cause, Some(place.run)),
        };
        let seq = match Short::number(members.seq) {
            Short::Number(seq) if self.key.is_none() && u64::try_from(seq) == Ok(place.seq) => Short::Usual,
            Short::Text(seq) if self.key.is_some() && &*seq == "null" => Short::Usual,
            seq => seq,
        };
        ShortMembers { cause, seq, origin }
    }
}

/// The statement for [`Fact::insert`].
pub(crate) fn prepare(connection: &Connection) -> Result<CachedStatement<'_>> {
    connection.prepare_cached(&format!(
        "INSERT INTO events ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
    ))
}

/// Reads a row of [`COLUMNS`], of which the position is known; `None` if it does not match its
/// checksum.
#[inline]
pub(crate) fn read(
    connection: &Connection,
    names: &mut Names,
    (run, position): (Option<&Run>, u64),
    row: &Row<'_>,
) -> Option<Stored> {
    let run = run?;
    let number = |column| integer(row.get_ref(column).ok()?);
    let place = Place {
        position,
        run: run.number,
        seq: position - run.base,
        skipped: u64::try_from(number(5)?).ok()?,
    };
    // A number without a name is damage, as any other value is that cannot be read.
    let mut name = |table, number| names.name(connection, table, number).ok()?;
    let kind = name(Table::Kinds, number(1)?)?;
    let scope = name(Table::Scopes, number(2)?)?;
    let execution = match row.get_ref(3).ok()? {
        ValueRef::Null => None,
        execution => Some(name(Table::Executions, integer(execution)?)?),
    };
    let time = number(4)?;
    let short = |column| Short::read(row.get_ref(column).ok()?);
    let short = ShortMembers { cause: short(7)?, seq: short(8)?, origin: short(9)? };
    let content = match row.get_ref(10).ok()? {
        ValueRef::Text(data) => Content::Data(std::str::from_utf8(data).ok()?),
        ValueRef::Blob(line) => Content::Line(std::str::from_utf8(line).ok()?),
        _ => return None,
    };
    let sums = Sums {
        kind: kind.sum(),
        scope: scope.sum(),
        execution: execution.as_ref().map(|execution| execution.sum()),
    };
    let sum = checksum(place, sums, time, &short, content);
    let is_whole = number(6)? == i64::from(sum);
    is_whole.then(|| Stored::new(place, [kind, scope], execution, time, short, content.to_owned()))
}

/// An integer; `None` for anything else, which is damage.
#[inline]
fn integer(value: ValueRef<'_>) -> Option<i64> {
    if let ValueRef::Integer(number) = value { Some(number) } else { None }
}

/// The checksums of the names of an event.
#[derive(Debug, Clone, Copy)]
struct Sums {
    kind: i32,
    scope: i32,
    execution: Option<i32>,
}

fn checksum(place: Place, sums: Sums, time: i64, short: &ShortMembers, content: Content<&str>) -> i32 {
    let word = |sum: i32| u64::from(sum.cast_unsigned());
    let text = content.text();
    let members = [&short.cause, &short.seq, &short.origin];
    let [cause, seq, origin] = members.map(Short::numbers);
    let mut sum = Checksum::new();
    sum.numbers([
        [place.position, place.run, place.seq],
        [place.skipped, time.cast_unsigned(), word(sums.kind) << 32 | word(sums.scope)],
        [sums.execution.map_or(u64::MAX, word), u64::from(content.is_line()), text.len() as u64],
        cause,
        seq,
        origin,
    ]);
    for member in members {
        member.add_text(&mut sum);
    }
    sum.raw(text.as_bytes());
    sum.value()
}
