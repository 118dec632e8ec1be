//! The chain of entries: each says how many positions before it have no entry, so that a row that
//! the file has lost leaves a hole that is noticed.

use rusqlite::{Connection, OptionalExtension, Result};

use crate::gap::{GapCause, Span};
use crate::schema::{self, column, position};

/// An entry of the log: its first and last position, and how many before it have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Link {
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) skipped: u64,
}

/// Returns the spans of entries that are lost behind `after` and up to `to`, where `links` are the
/// events and gaps of these positions. `is_end` says that the last of them need not be at `to`. A
/// damaged row counts where the next entry says that one is. Nothing else of it is believed: where
/// kinds are left out, the positions before it are among the spans, because they may have had
/// entries.
pub(super) fn lost(
    connection: &Connection,
    after: u64,
    to: u64,
    is_end: bool,
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
    let mut expect = |mut before: u64, end: u64| {
        while before > end && damaged.contains(&before) {
            before -= 1;
        }
        if before > end {
            lost.push(Span::new(end + 1, before, GapCause::Lost));
        }
    };
    for link in links {
        expect(link.first.saturating_sub(link.skipped + 1), end);
        end = end.max(link.last);
    }
    expect(if is_end { last_before(connection, to)? } else { to }, end);
    Ok(lost)
}

/// The position of the last entry up to `to`, as the entry behind it says. Damage may hide the end
/// of the rows from a query that reads them one after the other.
fn last_before(connection: &Connection, to: u64) -> Result<u64> {
    let mut statement = connection.prepare_cached(
        "SELECT first, skipped FROM (
            SELECT * FROM (SELECT position AS first, skipped FROM events WHERE position > ?1 ORDER BY 1 LIMIT 1)
            UNION ALL SELECT * FROM (SELECT first, skipped FROM gaps WHERE first > ?1 ORDER BY 1 LIMIT 1)
            UNION ALL SELECT * FROM (SELECT base, 0 FROM runs WHERE base > ?1 ORDER BY 1 LIMIT 1)
         ) ORDER BY first LIMIT 1",
    )?;
    let next = statement.query_row([column(to)], |row| Ok((position(row.get(0)?), position(row.get(1)?))));
    Ok(match next.optional()? {
        Some((first, skipped)) => first.saturating_sub(skipped + 1).min(to),
        None => schema::highest(connection)?.min(to),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(first: u64, skipped: u64) -> Link {
        Link { first, last: first, skipped }
    }

    /// The spans that are lost up to 40, in a file whose last entry is at 31.
    fn lost_of(links: &[Link], damaged: &[u64]) -> Vec<(u64, u64)> {
        let connection = Connection::open_in_memory().unwrap();
        schema::create(&connection).unwrap();
        Span { skipped: 1, ..Span::new(31, 31, GapCause::Lost) }.insert(&connection).unwrap();
        let lost = lost(&connection, 7, 40, true, links.to_vec(), damaged).unwrap();
        lost.into_iter().map(|span| (span.first, span.last)).collect()
    }

    #[test]
    fn a_hole_and_a_hidden_end_are_lost() {
        assert_eq!(lost_of(&[link(9, 1), link(11, 1), link(31, 19)], &[]), []);
        assert_eq!(lost_of(&[link(9, 1), link(13, 1), link(31, 17)], &[]), [(10, 11)]);
        assert_eq!(lost_of(&[link(9, 1), link(11, 1)], &[]), [(12, 31)]);
    }

    #[test]
    fn a_damaged_row_is_no_hole_where_it_belongs() {
        let links = [link(9, 1), link(15, 1), link(31, 15)];
        assert_eq!(lost_of(&[link(9, 1), link(12, 0), link(31, 18)], &[10, 11]), []);
        // Nobody knows whether there were entries at 10 and 12.
        assert_eq!(lost_of(&links, &[11, 13]), [(10, 12)]);
        // It says that it stands behind 9, and hides the row at 11.
        assert_eq!(lost_of(&links, &[13]), [(10, 12)]);
    }
}
