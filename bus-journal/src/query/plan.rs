//! The SQL of a query: which index finds its events.

use std::fmt::Write;

use super::conditions::Conditions;
use crate::row::COLUMNS;

/// More combinations of kind and execution are not worth a look-up each.
const MOST_SOURCES: usize = 64;

/// A statement with positions and a limit to fill in: ?1 < position <= ?2, at most ?3. The texts of
/// scopes follow.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) sql: String,
    /// Every event between the positions is among the rows.
    pub(super) is_whole: bool,
    /// No event can meet the conditions.
    pub(super) is_empty: bool,
}

impl Plan {
    pub(super) fn new(conditions: &Conditions, oldest_first: bool) -> Self {
        let order = if oldest_first { "ASC" } else { "DESC" };
        let others = others(conditions, 4);
        let select = |columns: &str, source: &str| {
            format!("SELECT {columns} FROM events WHERE position > ?1 AND position <= ?2{source}{others}")
        };
        let end = format!("ORDER BY position {order} LIMIT ?3");
        let sources = sources(conditions);
        let sql = match sources.as_slice() {
            [source] => format!("{} {end}", select(COLUMNS, source)),
            // Each source is in the order of the index, so SQLite merges them, and reads no more of
            // each than it needs. The reader refuses rows that are not in their order.
            several => {
                let parts: Vec<_> = several.iter().map(|source| select("position AS at", source)).collect();
                let merged = format!("{} ORDER BY at {order} LIMIT ?3", parts.join(" UNION ALL "));
                format!("SELECT {COLUMNS} FROM ({merged}) CROSS JOIN events ON position = at")
            }
        };
        let none = |numbers: &Option<Vec<i64>>| numbers.as_ref().is_some_and(Vec::is_empty);
        let is_empty = none(&conditions.kinds) || none(&conditions.executions) || conditions.scopes.is_empty;
        let is_whole = others.is_empty() && conditions.kinds.is_none() && conditions.executions.is_none();
        Self { sql, is_whole, is_empty }
    }
}

/// The conditions on indexed columns: one for each combination, so that an index has its rows in
/// their order.
fn sources(conditions: &Conditions) -> Vec<String> {
    let (kinds, executions) = (conditions.kinds.as_deref(), conditions.executions.as_deref());
    let count = kinds.map_or(1, <[i64]>::len) * executions.map_or(1, <[i64]>::len);
    if count > MOST_SOURCES || count == 0 {
        let mut all = String::new();
        for (column, numbers) in [("kind", kinds), ("execution", executions)] {
            if let Some(numbers) = numbers {
                all.push_str(&any_of(&format!("+{column}"), numbers));
            }
        }
        return vec![all];
    }
    let each = |column: &str, numbers: Option<&[i64]>| match numbers {
        Some(numbers) => numbers.iter().map(|number| format!(" AND {column} = {number}")).collect(),
        None => vec![String::new()],
    };
    let (kinds, executions) = (each("kind", kinds), each("execution", executions));
    kinds
        .iter()
        .flat_map(|kind| executions.iter().map(move |execution| format!("{kind}{execution}")))
        .collect()
}

/// The conditions on columns without an index, where the texts of scopes begin with this number
/// among the parameters.
pub(super) fn others(conditions: &Conditions, first: usize) -> String {
    let mut sql = String::new();
    if !conditions.scopes.is_any() {
        let _ = write!(sql, " AND scope IN ({})", conditions.scopes.select(first)); // a string is never full
    }
    for (operator, time) in [(">=", conditions.from_time), ("<", conditions.before_time)] {
        if let Some(time) = time {
            let _ = write!(sql, " AND time {operator} {time}");
        }
    }
    sql
}

/// The condition that a column has one of these numbers.
pub(crate) fn any_of(column: &str, numbers: &[i64]) -> String {
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    format!(" AND {column} IN ({})", numbers.join(", "))
}
