//! Counts of events, by numbers of names and without reading them.

use std::collections::HashMap;

use bus_core::Filter;
use bus_core::filter::Field;
use rusqlite::params_from_iter;

use super::conditions::Conditions;
use super::plan;
use crate::error::QueryError;
use crate::names::Table;
use crate::reader::Reader;

impl Reader {
    /// Counts the events that fit a filter, for each value of a part of them, the most first.
    /// Returns `None` where that needs the content of each event: the part is a member of the data
    /// or an attribute, or a word of the filter is about such a part, a text or errors. A query
    /// finds those.
    ///
    /// It reads numbers and no events, so it notices no damaged row. Gaps are not counted.
    ///
    /// ```
    /// use bus_core::filter::Field;
    /// use bus_journal::Journal;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("run.db");
    /// # let bus = bus_core::EventBus::new();
    /// # let lines = r#"{"type":"asked","stream_id":"desk","timestamp":"2026-11-22T06:14:08"}"#;
    /// # Journal::open(&path)?.import(bus.reader().lines(lines.as_bytes()))?;
    /// let counts = Journal::read(&path)?.count(&Field::Kind, &"stream:desk".parse()?)?;
    /// assert_eq!(counts, Some(vec![("asked".to_owned(), 1)]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn count(&self, by: &Field, filter: &Filter) -> Result<Option<Vec<(String, u64)>>, QueryError> {
        // The column, the table of its names, and the one of their texts.
        let (column, table, text) = match by {
            Field::Kind => ("kind", Table::Kinds, 0),
            Field::ExecutionId => ("execution", Table::Executions, 0),
            Field::StreamId => ("scope", Table::Scopes, 0),
            Field::NodeId => ("scope", Table::Scopes, 1),
            Field::CorrelationId => ("scope", Table::Scopes, 2),
            _ => return Ok(None),
        };
        self.with(|connection, names, _| {
            let conditions = Conditions::new(filter, self, connection)?;
            if conditions.reads() {
                return Ok(None);
            }
            let mut statement = connection.prepare(&select(column, &conditions))?;
            let rows = statement.query_map(params_from_iter(conditions.scopes.texts()), |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
            })?;
            let mut counts: HashMap<String, u64> = HashMap::new();
            let catalogue = self.bus().catalogue();
            for row in rows {
                let (number, count) = row?;
                let name = names.name(connection, table, number)?;
                let Some(name) = name.as_ref().and_then(|name| name.get(text)) else { continue };
                // A definition may call a kind otherwise than when it was recorded.
                let today = catalogue.get(name).filter(|_| *by == Field::Kind);
                let name = today.map_or(name, |event| event.kind).to_owned();
                *counts.entry(name).or_default() += u64::try_from(count).unwrap_or(0);
            }
            let mut counts: Vec<_> = counts.into_iter().collect();
            counts.sort_by(|(a, many), (b, few)| few.cmp(many).then_with(|| a.cmp(b)));
            Ok(Some(counts))
        })
    }
}

fn select(column: &str, conditions: &Conditions) -> String {
    let mut select = format!("SELECT {column}, count(*) FROM events WHERE {column} IS NOT NULL");
    for (name, numbers) in [("kind", &conditions.kinds), ("execution", &conditions.executions)] {
        if let Some(numbers) = numbers {
            select.push_str(&plan::any_of(name, numbers));
        }
    }
    select + &plan::others(conditions, 1) + " GROUP BY 1"
}
