//! The chain of entries: each says how many positions before it have no entry, so that a row that
//! the file has lost leaves a hole that is noticed.

use rusqlite::{Connection, Result};

use crate::gap::{GapCause, Span};
use crate::runs;
use crate::schema::{column, position};

/// An entry of the log: its first and last position, and how many before it have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Link {
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) skipped: u64,
}

/// Returns the spans of entries that are lost behind `after` and up to `to`, where `links` are the
/// events and gaps of these positions. A damaged row counts where the next entry says that one is:
/// its own position may be wrong.
pub(super) fn lost(
    connection: &Connection,
    after: u64,
    to: u64,
    mut links: Vec<Link>,
    damaged: &[u64],
) -> Result<Vec<Span>> {
    // The beginning of a run is an entry too: it stands right behind the last one of the run
    // before.
    let mut statement = connection.prepare_cached("SELECT base FROM runs WHERE base > ?1 AND base <= ?2")?;
    let bases: Result<Vec<i64>> =
        statement.query_map([column(after), column(to)], |row| row.get(0))?.collect();
    links.extend(bases?.into_iter().map(position).map(|base| Link { first: base, last: base, skipped: 0 }));
    links.sort_unstable();
    let (mut lost, mut end) = (Vec::new(), after);
    let mut expect = |before: u64, end: u64| {
        if before > end && !damaged.contains(&before) {
            lost.push(Span::new(end + 1, before, GapCause::Lost));
        }
    };
    for link in links {
        expect(link.first.saturating_sub(link.skipped + 1), end);
        end = end.max(link.last);
    }
    if let Some(last) = runs::last(connection)?.and_then(|run| run.last) {
        expect(last.min(to), end);
    }
    Ok(lost)
}
