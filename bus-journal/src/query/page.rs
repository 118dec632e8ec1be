//! Reads one page of an answer.

use bus_core::{EventId, Since};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Statement, params_from_iter};

use super::conditions::Conditions;
use super::plan::Plan;
use super::verify::{self, Link};
use super::{Item, Page, Query, Recorded};
use crate::error::QueryError;
use crate::gap::{Gap, GapCause, Span};
use crate::line::nanos;
use crate::names::Names;
use crate::recovery::Tail;
use crate::row;
use crate::runs::{self, ByPosition};
use crate::schema::{self, column, position};

/// How many rows are fetched at once where each is read to know whether it fits.
const STEP: usize = 512;

/// The part of a page that was read so far.
#[derive(Default)]
struct Found {
    /// In the order of the query.
    events: Vec<Item>,
    gaps: Vec<Span>,
    links: Vec<Link>,
    /// Rows that do not match their checksum, at positions that may be wrong too.
    damaged: Vec<u64>,
}

impl Found {
    fn add_damaged(&mut self, at: u64) {
        self.damaged.push(at);
        self.gaps.push(Span { events: Some(1), ..Span::new(at, at, GapCause::Damaged) });
    }

    /// Returns events and gaps in the order of the query.
    fn items(
        self,
        is_oldest_first: bool,
        mut gap: impl FnMut(&Span) -> rusqlite::Result<Gap>,
    ) -> rusqlite::Result<Vec<Item>> {
        if self.gaps.is_empty() {
            return Ok(self.events);
        }
        let mut items: Vec<(u64, Item)> = Vec::with_capacity(self.events.len() + self.gaps.len());
        for span in &self.gaps {
            items.push((span.first, Item::Gap(gap(span)?)));
        }
        items.extend(self.events.into_iter().map(|item| {
            let position = item.event().map_or(0, |event| event.stored.place.position);
            (position, item)
        }));
        items.sort_by_key(|(first, _)| if is_oldest_first { *first } else { u64::MAX - first });
        Ok(items.into_iter().map(|(_, item)| item).collect())
    }
}

pub(super) fn read(
    mut query: Query,
    connection: &Connection,
    names: &mut Names,
    tail: &Tail,
) -> Result<Page, QueryError> {
    let (after, to) = match query.rest {
        Some(rest) => rest,
        None => bounds(&mut query, connection, tail)?,
    };
    let floor = floor(connection)?;
    let conditions = Conditions::new(&query.filter, &query.reader, connection)?;
    let plan = Plan::new(&conditions, query.oldest_first);
    let mut runs = ByPosition::default();
    let mut found = Found::default();
    // The positions that this page answers for.
    let (mut low, mut high) = (after, to);
    if !plan.is_empty {
        let mut statement = connection.prepare_cached(&plan.sql)?;
        let texts: Vec<Value> = conditions.scopes.texts().map(|text| text.to_owned().into()).collect();
        while low < high && found.events.len() < query.limit {
            let (first, last) = if query.oldest_first { (low, to) } else { (after, high) };
            let mut rows =
                Rows { statement: &mut statement, texts: &texts, connection, names, runs: &mut runs };
            match rows.read(&query, &conditions, (first, last), &mut found)? {
                Some(position) if query.oldest_first => low = position,
                Some(position) => high = position - 1,
                None => (low, high) = (to, to),
            }
        }
    }
    let is_over = found.events.len() < query.limit || low >= high || query.limit == 0;
    let (answered, rest) = match query.oldest_first {
        _ if is_over => ((after, to), None),
        true => ((after, low), Some((low, to))),
        false => ((high, to), Some((after, high))),
    };
    add_gaps(connection, tail, floor, answered, &mut found)?;
    if plan.is_whole && query.oldest_first {
        let lost = verify::lost(
            connection,
            answered.0.max(floor),
            answered.1,
            rest.is_none(),
            std::mem::take(&mut found.links),
            &found.damaged,
        )?;
        found.gaps.extend(lost);
    }
    let items = found.items(query.oldest_first, |span| tail.gap(connection, &mut runs, span))?;
    let through = runs.run(connection, answered.1)?.map(|run| run.id(answered.1));
    let next = rest.map(|rest| Query { rest: Some(rest), ..query });
    Ok(Page { items, through, next })
}

/// The positions of a query: behind the first and up to the second.
fn bounds(query: &mut Query, connection: &Connection, tail: &Tail) -> Result<(u64, u64), QueryError> {
    let newest = tail.spans.last().map_or(0, |span| span.last).max(schema::highest(connection)?);
    let after = match query.since {
        Since::Beginning => 0,
        Since::After(cursor) => position_of(connection, cursor)?,
        Since::Time(time) => {
            query.filter = std::mem::take(&mut query.filter).after(time);
            0
        }
        _ => newest,
    };
    let after = match query.filter.times() {
        (Some(time), _) => after.max(position_at(connection, nanos(time))?),
        (None, _) => after,
    };
    let to = match query.before {
        Some(cursor) => position_of(connection, cursor)?.saturating_sub(1),
        None => newest,
    };
    Ok((after, to))
}

/// The position of a cursor. One behind the last entry of its run stands for that entry.
fn position_of(connection: &Connection, cursor: EventId) -> Result<u64, QueryError> {
    let run = runs::find(connection, cursor.run())?.ok_or(QueryError::UnknownCursor(cursor))?;
    let position = run.base.saturating_add(cursor.seq());
    // An interrupted run lost events from its last position on, which is a gap.
    let gap: Option<i64> = connection
        .prepare_cached("SELECT first FROM gaps WHERE last = ?1")?
        .query_row([run.last.map(column)], |row| row.get(0))
        .optional()?;
    let last = match (run.last, gap) {
        (Some(_), Some(gap)) if position >= schema::position(gap) => schema::position(gap) - 1,
        (Some(last), _) => last,
        (None, _) => u64::MAX,
    };
    Ok(position.min(last))
}

/// A position before all events of a time or later, by the highest time so far.
fn position_at(connection: &Connection, time: i64) -> rusqlite::Result<u64> {
    let select = "SELECT coalesce(max(position), 0) FROM times WHERE time < ?1";
    connection.prepare_cached(select)?.query_row([time], |row| row.get(0).map(position))
}

fn floor(connection: &Connection) -> rusqlite::Result<u64> {
    connection.prepare_cached("SELECT position FROM floor")?.query_row([], |row| row.get(0).map(position))
}

/// Reads the rows of one statement.
struct Rows<'a, 'c> {
    statement: &'a mut Statement<'c>,
    /// The texts of scopes that are among its parameters.
    texts: &'a [Value],
    connection: &'a Connection,
    names: &'a mut Names,
    runs: &'a mut ByPosition,
}

impl Rows<'_, '_> {
    /// Reads as many rows as the page still takes. Returns the position of the last one if there
    /// may be more.
    fn read(
        &mut self,
        query: &Query,
        conditions: &Conditions,
        (after, to): (u64, u64),
        found: &mut Found,
    ) -> Result<Option<u64>, QueryError> {
        // Most rows that are read do not fit: fetching few of them would take a look-up each time.
        let wanted = (query.limit - found.events.len()).max(if conditions.reads() { STEP } else { 1 });
        let limit = i64::try_from(wanted).unwrap_or(i64::MAX);
        let numbers = [column(after), column(to), limit].map(Value::from);
        let mut rows = self.statement.query(params_from_iter(numbers.iter().chain(self.texts)))?;
        let (mut last, mut count) = (None, 0);
        while let Some(row) = rows.next()? {
            let at = position(row.get(0)?);
            let is_next = |last| if query.oldest_first { last < at } else { at < last };
            if !(after < at && at <= to && last.is_none_or(is_next)) {
                return Err(QueryError::Damaged(format!("position {at} is out of order")));
            }
            (last, count) = (Some(at), count + 1);
            let run = self.runs.run(self.connection, at)?;
            let Some(stored) = row::read(self.connection, self.names, (run, at), row) else {
                found.add_damaged(at);
                continue;
            };
            found.links.push(Link { first: at, last: at, skipped: stored.place.skipped });
            if conditions.fit(&query.filter, &query.reader, &stored) {
                found.events.push(Item::Event(Recorded { stored, reader: query.reader.clone() }));
                if found.events.len() == query.limit {
                    return Ok(Some(at));
                }
            }
        }
        Ok(last.filter(|_| count == wanted))
    }
}

/// Adds the gaps of the positions that a page answers for.
fn add_gaps(
    connection: &Connection,
    tail: &Tail,
    floor: u64,
    (after, to): (u64, u64),
    found: &mut Found,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT * FROM gaps WHERE first <= ?2 AND last > ?1
         AND first >= coalesce((SELECT max(first) FROM gaps WHERE first <= ?1), 0) ORDER BY first",
    )?;
    let stored = statement.query_map([column(after), column(to)], Span::read)?;
    // The first position is the beginning of the first run, and no event.
    let deleted = (floor > 1).then(|| Span::new(2, floor, GapCause::Retention));
    for span in stored.chain(tail.spans.iter().cloned().map(Ok)).chain(deleted.map(Ok)) {
        let span = span?;
        // A range that was deleted on purpose is one gap, whatever was missing in it.
        let behind = if span.cause == GapCause::Retention { after } else { after.max(floor) };
        if let Some(part) = span.clipped(behind, to) {
            found.links.push(Link { first: part.first, last: part.last, skipped: span.skipped });
            found.gaps.push(part);
        }
    }
    Ok(())
}
