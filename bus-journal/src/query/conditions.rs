//! The conditions of a query, as numbers of names where SQL can compare them.

use bus_core::Filter;
use bus_core::filter::Field;
use rusqlite::{Connection, Result};

use crate::line::nanos;
use crate::names;
use crate::reader::Reader;
use crate::row::Stored;

/// The conditions that SQL compares. `None` asks for nothing; an empty list is met by no event.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    pub(super) kinds: Option<Vec<i64>>,
    pub(super) executions: Option<Vec<i64>>,
    /// Columns without an index, and their values.
    pub(super) others: Vec<(&'static str, Vec<i64>)>,
    pub(super) from_time: Option<i64>,
    pub(super) before_time: Option<i64>,
    /// There are conditions that SQL does not know, so that each event is read.
    reads: bool,
}

impl Conditions {
    pub(super) fn new(filter: &Filter, reader: &Reader, connection: &Connection) -> Result<Self> {
        let (after, before) = filter.times();
        let mut conditions = Self {
            from_time: after.map(nanos),
            before_time: before.map(nanos),
            reads: *filter != comparable(filter),
            ..Self::default()
        };
        for (field, values) in filter.fields() {
            match field {
                Field::Kind => conditions.kinds = Some(numbers_of_kinds(reader, connection, values)?),
                Field::ExecutionId => conditions.executions = Some(find_all(connection, values)?),
                Field::StreamId => conditions.others.push(("stream", find_all(connection, values)?)),
                Field::NodeId => conditions.others.push(("node", find_all(connection, values)?)),
                Field::CorrelationId => {
                    conditions.others.push(("correlation", find_all(connection, values)?));
                }
                _ => {}
            }
        }
        Ok(conditions)
    }

    /// Whether each event is read, since SQL does not know all conditions.
    pub(super) fn reads(&self) -> bool {
        self.reads
    }

    /// Whether an event meets the conditions that SQL does not know.
    pub(super) fn fit(&self, filter: &Filter, reader: &Reader, stored: &Stored) -> bool {
        !self.reads || reader.event(&stored.line).is_ok_and(|event| filter.matches(&event))
    }
}

/// The part of a filter that SQL compares.
fn comparable(filter: &Filter) -> Filter {
    let mut part = Filter::new();
    for (field, values) in filter.fields() {
        if matches!(
            field,
            Field::Kind | Field::ExecutionId | Field::StreamId | Field::NodeId | Field::CorrelationId
        ) {
            part = values.iter().fold(part, |part, value| part.with(field.clone(), value));
        }
    }
    let (after, before) = filter.times();
    let part = after.into_iter().fold(part, Filter::after);
    before.into_iter().fold(part, Filter::before)
}

fn find_all(connection: &Connection, texts: &[String]) -> Result<Vec<i64>> {
    let found: Result<Vec<_>> = texts.iter().map(|text| names::find(connection, text)).collect();
    Ok(found?.into_iter().flatten().collect())
}

/// The kinds with these names. A definition may call a kind otherwise than when it was recorded.
pub(crate) fn numbers_of_kinds(
    reader: &Reader,
    connection: &Connection,
    names: &[String],
) -> Result<Vec<i64>> {
    let catalogue = reader.bus().catalogue();
    let mut numbers = find_all(connection, names)?;
    for name in names {
        let prefix = name.strip_suffix('*');
        let fits = |kind: &str| prefix.is_some_and(|prefix| kind.starts_with(prefix));
        let declared = catalogue.iter().filter(|event| fits(event.kind)).chain(catalogue.get(name));
        for event in declared {
            let known = event.aliases.iter().chain([&event.kind]).map(|kind| (*kind).to_owned());
            numbers.extend(find_all(connection, &known.collect::<Vec<_>>())?);
        }
        if let Some(prefix) = prefix {
            numbers.extend(kinds_with(connection, prefix)?);
        }
    }
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

/// The kinds of all events whose name begins so, by one step in the index for each kind.
fn kinds_with(connection: &Connection, prefix: &str) -> Result<Vec<i64>> {
    let mut statement = connection.prepare_cached(
        "WITH RECURSIVE kinds (id) AS (
             SELECT min(kind) FROM events
             UNION ALL SELECT (SELECT min(kind) FROM events WHERE kind > id) FROM kinds WHERE id IS NOT NULL)
         SELECT kinds.id FROM kinds JOIN names ON names.id = kinds.id
         WHERE substr(names.name, 1, length(?1)) = ?1",
    )?;
    statement.query_map([prefix], |row| row.get(0))?.collect()
}
