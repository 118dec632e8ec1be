//! The conditions of a query, as far as SQL can compare them.

use std::fmt::Write;

use bus_core::Filter;
use bus_core::filter::Field;
use rusqlite::{Connection, Result, params_from_iter};

use crate::line::nanos;
use crate::names::{self, Table};
use crate::reader::Reader;
use crate::stored::Stored;

/// The conditions that SQL compares. `None` asks for nothing; an empty list is met by no event.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    pub(super) kinds: Option<Vec<i64>>,
    pub(super) executions: Option<Vec<i64>>,
    pub(super) scopes: Scopes,
    pub(super) from_time: Option<i64>,
    pub(super) before_time: Option<i64>,
    /// There are conditions that SQL does not know, so that each event is read.
    reads: bool,
}

/// The conditions on the rest of a scope.
#[derive(Debug, Default)]
pub(super) struct Scopes {
    columns: Vec<(&'static str, Vec<String>)>,
    /// No scope meets them.
    pub(super) is_empty: bool,
}

impl Scopes {
    pub(super) fn is_any(&self) -> bool {
        self.columns.is_empty()
    }

    /// The numbers of these scopes, where the first text has this number among the parameters.
    /// Without an index: a damaged one would find events of others.
    pub(super) fn select(&self, first: usize) -> String {
        let (mut next, mut select) = (first, "SELECT id FROM scopes NOT INDEXED WHERE 1".to_owned());
        for (column, texts) in &self.columns {
            let places: Vec<_> = (next..next + texts.len()).map(|at| format!("?{at}")).collect();
            next += texts.len();
            let _ = write!(select, " AND {column} IN ({})", places.join(", ")); // a string is never full
        }
        select
    }

    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().flat_map(|(_, texts)| texts).map(String::as_str)
    }
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
        let scopes = &mut conditions.scopes;
        for (field, values) in filter.fields() {
            match field {
                Field::Kind => conditions.kinds = Some(numbers_of_kinds(reader, connection, values)?),
                Field::ExecutionId => {
                    conditions.executions = Some(find_all(connection, Table::Executions, values)?);
                }
                Field::StreamId => scopes.columns.push(("stream", values.to_vec())),
                Field::NodeId => scopes.columns.push(("node", values.to_vec())),
                Field::CorrelationId => scopes.columns.push(("correlation", values.to_vec())),
                _ => {}
            }
        }
        if !scopes.is_any() {
            let select = format!("SELECT NOT EXISTS ({})", scopes.select(1));
            let mut statement = connection.prepare_cached(&select)?;
            scopes.is_empty = statement.query_row(params_from_iter(scopes.texts()), |row| row.get(0))?;
        }
        Ok(conditions)
    }

    /// Whether each event is read, since SQL does not know all conditions.
    pub(super) fn reads(&self) -> bool {
        self.reads
    }

    /// Whether an event meets the conditions that SQL does not know.
    pub(super) fn fit(&self, filter: &Filter, reader: &Reader, stored: &Stored) -> bool {
        !self.reads || reader.event(stored.line()).is_ok_and(|event| filter.matches(&event))
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

fn find_all(connection: &Connection, table: Table, texts: &[String]) -> Result<Vec<i64>> {
    let found: Result<Vec<_>> = texts.iter().map(|text| names::find(connection, table, text)).collect();
    Ok(found?.into_iter().flatten().collect())
}

/// The kinds with these names. A definition may call a kind otherwise than when it was recorded.
pub(crate) fn numbers_of_kinds(
    reader: &Reader,
    connection: &Connection,
    names: &[String],
) -> Result<Vec<i64>> {
    let catalogue = reader.bus().catalogue();
    let mut numbers = find_all(connection, Table::Kinds, names)?;
    for name in names {
        let prefix = name.strip_suffix('*');
        let fits = |kind: &str| prefix.is_some_and(|prefix| kind.starts_with(prefix));
        let declared = catalogue.iter().filter(|event| fits(event.kind)).chain(catalogue.get(name));
        for event in declared {
            let known = event.aliases.iter().chain([&event.kind]).map(|kind| (*kind).to_owned());
            numbers.extend(find_all(connection, Table::Kinds, &known.collect::<Vec<_>>())?);
        }
        if let Some(prefix) = prefix {
            numbers.extend(kinds_with(connection, prefix)?);
        }
    }
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

/// The kinds whose name begins so.
pub(crate) fn kinds_with(connection: &Connection, prefix: &str) -> Result<Vec<i64>> {
    let select = "SELECT id FROM kinds NOT INDEXED WHERE substr(name, 1, length(?1)) = ?1";
    connection.prepare_cached(select)?.query_map([prefix], |row| row.get(0))?.collect()
}
