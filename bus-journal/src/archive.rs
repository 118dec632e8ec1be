//! The journal as the archive of a bus: pages of its past, and the positions of consumers.

use std::time::SystemTime;

use bus_core::store::{Archive, Item as Archived, Page, PageQuery, StoreError};
use bus_core::{EventId, LagCause, Lagged};
use rusqlite::{OptionalExtension, params};

use crate::error::QueryError;
use crate::find::stored_at;
use crate::gap::{Gap, GapCause};
use crate::journal::Journal;
use crate::line::{nanos, time};
use crate::query::{Item, Recorded};
use crate::reader::Reader;
use crate::runs::{self, ByPosition};
use crate::schema::column;

/// An event that a consumer could not handle, and went on behind.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Parked {
    /// The position of the event.
    pub cursor: EventId,
    /// The event; `None` if the journal does not hold it any more, or if it is damaged.
    pub event: Option<Recorded>,
    /// The last error of the consumer's handler.
    pub reason: String,
    /// When it was parked.
    pub at: SystemTime,
}

impl Archive for Journal {
    fn read(&self, query: &PageQuery) -> Result<Page, StoreError> {
        let page = self
            .query()
            .matching(query.filter.clone())
            .since(query.since)
            .limit(query.limit)
            .oldest_first()
            .page()
            .map_err(StoreError::failed)?;
        let items = page.items.into_iter().map(|item| match item {
            Item::Event(event) => Archived::Event { cursor: event.cursor(), json: event.into() },
            Item::Gap(gap) => Archived::Gap(lagged(&gap)),
        });
        Ok(Page { items: items.collect(), through: page.through, more: page.next.is_some() })
    }

    fn has_run(&self, run: u64) -> Result<bool, StoreError> {
        let found = self.with(|connection, _, _| Ok(runs::find(connection, run)?.is_some()));
        found.map_err(StoreError::failed)
    }

    fn position(&self, consumer: &str) -> Result<Option<EventId>, StoreError> {
        let select = "SELECT run, seq FROM positions WHERE consumer = ?1";
        let found = self.with(|connection, _, _| {
            let id = |row: &rusqlite::Row<'_>| Ok(id(row.get(0)?, row.get(1)?));
            Ok(connection.prepare_cached(select)?.query_row([consumer], id).optional()?)
        });
        found.map_err(StoreError::failed)
    }

    fn set_position(&self, consumer: &str, position: EventId) -> Result<(), StoreError> {
        let values = params![consumer, position.run().cast_signed(), position.seq().cast_signed()];
        self.writer().execute("INSERT OR REPLACE INTO positions VALUES (?1, ?2, ?3)", values).map(drop)
    }

    fn park(&self, consumer: &str, event: EventId, reason: &str) -> Result<(), StoreError> {
        let (run, seq) = (event.run().cast_signed(), event.seq().cast_signed());
        let values = params![consumer, run, seq, nanos(SystemTime::now()), reason];
        self.writer().execute("INSERT OR REPLACE INTO parked VALUES (?1, ?2, ?3, ?4, ?5)", values).map(drop)
    }
}

impl Journal {
    /// Forgets a parked event, once it was looked at. Returns whether it was there.
    ///
    /// The consumer does not get it again: it has gone on, and an event of the past would come out
    /// of order. Handle it before you forget it.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub fn unpark(&self, consumer: &str, event: EventId) -> Result<bool, StoreError> {
        let values = params![consumer, event.run().cast_signed(), event.seq().cast_signed()];
        let delete = "DELETE FROM parked WHERE consumer = ?1 AND run = ?2 AND seq = ?3";
        Ok(self.writer().execute(delete, values)? > 0)
    }
}

impl Reader {
    /// Returns the events that a [consumer](bus_core::Subscribe::consumer) could not handle and
    /// went on behind, in the order in which they were parked.
    ///
    /// ```
    /// use bus_journal::Journal;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("run.db");
    /// # drop(Journal::open(&path)?);
    /// for parked in Journal::read(&path)?.parked("warehouse")? {
    ///     println!("{}: {}", parked.cursor, parked.reason);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub fn parked(&self, consumer: &str) -> Result<Vec<Parked>, QueryError> {
        let select = "SELECT run, seq, time, reason FROM parked WHERE consumer = ?1 ORDER BY rowid";
        self.with(|connection, names, _| {
            let mut statement = connection.prepare_cached(select)?;
            let rows = statement.query_map([consumer], |row| {
                Ok((id(row.get(0)?, row.get(1)?), row.get::<_, i64>(2)?, row.get::<_, String>(3)?))
            })?;
            let mut runs = ByPosition::default();
            let parked = |(cursor, at, reason)| {
                let event = match runs::position_of(connection, cursor)? {
                    Some(position) => stored_at(connection, names, &mut runs, column(position))?,
                    None => None,
                };
                let event = event.map(|stored| Recorded::new(stored, self));
                Ok(Parked { cursor, event, reason, at: time(at) })
            };
            rows.collect::<rusqlite::Result<Vec<_>>>()?.into_iter().map(parked).collect()
        })
    }
}

fn id(run: i64, seq: i64) -> EventId {
    EventId::new(run.cast_unsigned(), seq.cast_unsigned())
}

/// The gap as a subscriber gets it.
fn lagged(gap: &Gap) -> Lagged {
    let cause = match gap.cause {
        GapCause::Full | GapCause::Failed(_) | GapCause::Interrupted => LagCause::NotRecorded,
        GapCause::Lost | GapCause::Damaged => LagCause::Damaged,
        GapCause::Retention => LagCause::Retention,
    };
    Lagged::new(gap.from, gap.to, gap.events, cause)
}
