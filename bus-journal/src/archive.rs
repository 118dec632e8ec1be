//! The journal as the archive of a bus: pages of its past, and the positions of consumers.

use std::time::SystemTime;

use bus_core::store::{Archive, Item as Archived, Page, PageQuery, StoreError};
use bus_core::{EventId, LagCause, Lagged};

use crate::consumers::{self, Position, Stored as _};
use crate::error::QueryError;
use crate::find::stored_at;
use crate::gap::{Gap, GapCause};
use crate::journal::Journal;
use crate::line::time;
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
        Archive::read(&**self, query)
    }

    fn has_run(&self, run: u64) -> Result<bool, StoreError> {
        Archive::has_run(&**self, run)
    }

    fn position(&self, consumer: &str) -> Result<Option<EventId>, StoreError> {
        Archive::position(&**self, consumer)
    }

    fn set_position(&self, consumer: &str, position: EventId) -> Result<(), StoreError> {
        let position = Position { consumer: consumer.to_owned(), at: position };
        self.writer().change(0, |connection| position.insert(connection))
    }

    fn park(&self, consumer: &str, event: EventId, reason: &str) -> Result<(), StoreError> {
        let parked = consumers::Parked::new(consumer, event, reason);
        self.writer().change(0, |connection| parked.insert(connection))
    }
}

/// It is read only: the positions of consumers are not set.
impl Archive for Reader {
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
        let found = self.with(|connection, _, _| Position::of(connection, consumer));
        Ok(found.map_err(StoreError::failed)?.first().map(|position| position.at))
    }

    fn set_position(&self, _: &str, _: EventId) -> Result<(), StoreError> {
        Err(StoreError::failed(READ_ONLY))
    }

    fn park(&self, _: &str, _: EventId, _: &str) -> Result<(), StoreError> {
        Err(StoreError::failed(READ_ONLY))
    }
}

const READ_ONLY: &str = "the journal was opened to be read: open it with `Journal::open`";

impl Journal {
    /// Forgets a parked event, once it was looked at. Returns whether it was there.
    ///
    /// The consumer does not get it again: it has gone on, and an event of the past would come out
    /// of order. Handle it before you forget it.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub fn unpark(&self, consumer: &str, event: EventId) -> Result<bool, StoreError> {
        self.writer().change(0, |connection| consumers::Parked::delete(connection, consumer, event))
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
    /// If the journal cannot be read, or if a row of a parked event is damaged.
    pub fn parked(&self, consumer: &str) -> Result<Vec<Parked>, QueryError> {
        self.with(|connection, names, _| {
            let mut runs = ByPosition::default();
            let parked = |parked: consumers::Parked| {
                let consumers::Parked { event: cursor, time: at, reason, .. } = parked;
                let event = match runs::position_of(connection, cursor)? {
                    Some(position) => stored_at(connection, names, &mut runs, column(position))?,
                    None => None,
                };
                let event = event.map(|stored| Recorded::new(stored, self));
                Ok(Parked { cursor, event, reason, at: time(at) })
            };
            consumers::Parked::of(connection, consumer)?.into_iter().map(parked).collect()
        })
    }
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
