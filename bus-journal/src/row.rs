//! The row of an event: from its line to columns and back.

use std::sync::Arc;
use std::time::SystemTime;

use bus_core::{AnyEvent, ReadEvent, Scope};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{CachedStatement, Connection, Result, Row, Statement, params};

use crate::checksum::Checksum;
use crate::line::{Labels, Members, nanos, write_id, write_number};
use crate::names::{Numbers, Texts};
use crate::runs::Run;
use crate::schema::{column, position};

/// Longer attributes are seldom the same twice, so they are not worth a name.
const LONGEST_ATTRIBUTES: usize = 256;

pub(crate) const COLUMNS: &str = "position, kind, stream, node, execution, correlation, attributes, time, \
     skipped, checksum, version, cause, seq, origin, data";

/// An event to be written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fact<'a> {
    pub(crate) kind: &'a str,
    pub(crate) scope: &'a Scope,
    pub(crate) time: SystemTime,
    pub(crate) line: &'a str,
    /// Set for a line without an id: what it is recognised by when it is imported again.
    pub(crate) key: Option<[u8; 16]>,
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

/// An event that was read.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) place: Place,
    pub(crate) kind: Arc<str>,
    pub(crate) stream: Arc<str>,
    pub(crate) node: Option<Arc<str>>,
    pub(crate) execution: Option<Arc<str>>,
    pub(crate) correlation: Option<Arc<str>>,
    pub(crate) time: i64,
    pub(crate) line: String,
}

impl<'a> Fact<'a> {
    pub(crate) fn of(event: &'a AnyEvent, line: &'a str) -> Self {
        Self { kind: event.kind(), scope: event.scope(), time: event.timestamp(), line, key: None }
    }

    pub(crate) fn read(event: &'a ReadEvent, line: &'a str, key: Option<[u8; 16]>) -> Self {
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
        let members = Members::of(self.line).filter(|members| {
            let short = members.attributes.len() <= LONGEST_ATTRIBUTES;
            let mut again = String::with_capacity(self.line.len());
            members.write(&labels, time, &mut again);
            short && again == self.line
        });
        let origin = match (members.map(|members| members.id), self.key) {
            (_, Some(key)) => Value::Blob(key.to_vec()),
            (Some(id), None) if id == id_text(place.run, place.seq) => Value::Null,
            (Some(id), None) => Value::Text(id.to_owned()),
            // A whole line is found by its own id too.
            (None, None) => Members::of(self.line)
                .filter(|members| members.id != id_text(place.run, place.seq))
                .map_or(Value::Null, |members| Value::Text(members.id.to_owned())),
        };
        let checksum = checksum(place, &labels, time, &origin, self.line);
        let mut number = |name: &str| numbers.number(connection, name);
        let mut optional = |name: Option<&str>| name.map(&mut number).transpose();
        let ids = [
            optional(Some(labels.kind))?,
            optional(Some(labels.stream))?,
            optional(labels.node)?,
            optional(labels.execution)?,
            optional(labels.correlation)?,
        ];
        let attributes = members.map(|members| members.attributes).filter(|text| !text.is_empty());
        let attributes = attributes.map(|text| number(&format!("{{{text}}}"))).transpose()?;
        let (version, cause, seq) = members.map_or((Value::Null, Value::Null, Value::Null), |members| {
            (version(members.version), cause(members.cause, place.run), seq(members.seq, place.seq, &origin))
        });
        let data = members
            .map_or(ValueRef::Blob(self.line.as_bytes()), |members| ValueRef::Text(members.data.as_bytes()));
        let [kind, stream, node, execution, correlation] = ids;
        let values = params![
            column(place.position),
            kind,
            stream,
            node,
            execution,
            correlation,
            attributes,
            time,
            column(place.skipped),
            checksum,
            version,
            cause,
            seq,
            origin,
            rusqlite::types::ToSqlOutput::Borrowed(data),
        ];
        statement.execute(values).map(drop)
    }
}

/// The statement for [`Fact::insert`].
pub(crate) fn prepare(connection: &Connection) -> Result<CachedStatement<'_>> {
    connection.prepare_cached(&format!(
        "INSERT INTO events ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
    ))
}

/// Reads a row of [`COLUMNS`]; `None` if it does not match its checksum.
pub(crate) fn read(
    connection: &Connection,
    names: &mut Texts,
    run: Option<&Run>,
    row: &Row<'_>,
) -> Option<Stored> {
    let run = run?;
    let position = position(row.get(0).ok()?);
    let place = Place {
        position,
        run: run.number,
        seq: position.checked_sub(run.base)?,
        skipped: crate::schema::position(row.get(8).ok()?),
    };
    let mut name = |column: usize| -> Option<Option<Arc<str>>> {
        let number: Option<i64> = row.get(column).ok()?;
        // A number without a name is damage, as any other value is that cannot be read.
        number.map_or(Some(None), |number| names.text(connection, number).ok().flatten().map(Some))
    };
    let mut stored = Stored {
        place,
        kind: name(1)??,
        stream: name(2)??,
        node: name(3)?,
        execution: name(4)?,
        correlation: name(5)?,
        time: row.get(7).ok()?,
        line: String::new(),
    };
    let attributes = name(6)?;
    let origin: Value = row.get(13).ok()?;
    stored.line = match row.get_ref(14).ok()? {
        ValueRef::Blob(line) => std::str::from_utf8(line).ok()?.to_owned(),
        data => {
            let mut text = String::with_capacity(128);
            let mut ends = [0; 4];
            for (end, member) in
                ends.iter_mut().zip([Member::Id, Member::Seq, Member::Version, Member::Cause])
            {
                member.write(row, place, &origin, &mut text)?;
                *end = text.len();
            }
            let attributes = attributes.as_deref().unwrap_or("{}");
            let members = Members {
                data: data.as_str().ok()?,
                attributes: attributes.strip_prefix('{')?.strip_suffix('}')?,
                id: &text[..ends[0]],
                seq: &text[ends[0]..ends[1]],
                version: &text[ends[1]..ends[2]],
                cause: &text[ends[2]..],
            };
            let mut line = String::with_capacity(members.data.len() + 384);
            members.write(&stored.labels(), stored.time, &mut line);
            line
        }
    };
    let checksum = checksum(place, &stored.labels(), stored.time, &origin, &stored.line);
    (row.get::<_, i32>(9).ok()? == checksum).then_some(stored)
}

impl Stored {
    fn labels(&self) -> Labels<'_> {
        Labels {
            kind: &self.kind,
            stream: &self.stream,
            node: self.node.as_deref(),
            execution: self.execution.as_deref(),
            correlation: self.correlation.as_deref(),
        }
    }
}

fn checksum(place: Place, labels: &Labels<'_>, time: i64, origin: &Value, line: &str) -> i32 {
    let mut sum = Checksum::new();
    for number in [place.position, place.run, place.seq, place.skipped, time.cast_unsigned()] {
        sum.number(number);
    }
    for label in [Some(labels.kind), Some(labels.stream), labels.node, labels.execution, labels.correlation] {
        sum.number(u64::from(label.is_some()));
        sum.text(label.unwrap_or_default());
    }
    match origin {
        Value::Text(id) => sum.text(id),
        Value::Blob(key) => sum.bytes(key),
        _ => sum.number(0),
    }
    sum.text(line);
    sum.value()
}

/// The id of an event as JSON.
pub(crate) fn id_text(run: u64, seq: u64) -> String {
    let mut text = String::with_capacity(40);
    write_id(run, seq, &mut text);
    text
}

/// A member of the line that a row holds in a short form.
#[derive(Debug, Clone, Copy)]
enum Member {
    Id,
    Seq,
    Version,
    Cause,
}

impl Member {
    /// Appends the member as JSON; `None` if the row is damaged.
    fn write(self, row: &Row<'_>, place: Place, origin: &Value, out: &mut String) -> Option<()> {
        let column = match self {
            Self::Id => 13,
            Self::Seq => 12,
            Self::Version => 10,
            Self::Cause => 11,
        };
        let has_id = !matches!(origin, Value::Blob(_));
        match (row.get_ref(column).ok()?, self) {
            (ValueRef::Text(json), _) => out.push_str(std::str::from_utf8(json).ok()?),
            (ValueRef::Null, Self::Id) => write_id(place.run, place.seq, out),
            (ValueRef::Null, Self::Seq) if has_id => write_number(place.seq, out),
            (ValueRef::Null, _) | (ValueRef::Blob(_), Self::Id) => out.push_str("null"),
            (ValueRef::Integer(number), Self::Version) => write_number(u64::try_from(number).ok()?, out),
            (ValueRef::Integer(seq), Self::Cause) => write_id(place.run, u64::try_from(seq).ok()?, out),
            _ => return None,
        }
        Some(())
    }
}

fn version(json: &str) -> Value {
    match json.parse::<u32>() {
        _ if json == "null" => Value::Null,
        Ok(number) if number.to_string() == json => Value::Integer(number.into()),
        _ => Value::Text(json.to_owned()),
    }
}

fn cause(json: &str, run: u64) -> Value {
    if json == "null" {
        return Value::Null;
    }
    let seq = json.rsplit_once('-').and_then(|(_, seq)| seq.strip_suffix('"')?.parse::<i64>().ok());
    match seq {
        Some(seq) if id_text(run, seq.cast_unsigned()) == json => Value::Integer(seq),
        _ => Value::Text(json.to_owned()),
    }
}

/// The member `seq` that a row need not have.
fn usual_seq(seq: u64, origin: &Value) -> String {
    if let Value::Blob(_) = origin { "null".to_owned() } else { seq.to_string() }
}

fn seq(json: &str, seq: u64, origin: &Value) -> Value {
    if json == usual_seq(seq, origin) { Value::Null } else { Value::Text(json.to_owned()) }
}
