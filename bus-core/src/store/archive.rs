//! Archives: stores that can be read.

use crate::error::StoreError;
use crate::event::EventId;
use crate::filter::Filter;
use crate::lagged::Lagged;
use crate::since::Since;

/// A store that can be read: what it recorded in this run and in earlier ones, in order.
///
/// With it [`since`](crate::Subscribe::since) begins before what history holds, also before this
/// run, [`Overflow::CatchUp`](crate::Overflow::CatchUp) reads back what did not fit, and
/// [consumers](crate::Subscribe::consumer) keep their positions. The bus reads it on threads of its
/// own, while the store is written to.
///
/// Apart from gaps, an archive is complete for the kinds that its store
/// [keeps](super::Store::keeps): an event that is missing lies in a gap of some page.
pub trait Archive: Send + Sync {
    /// Reads the next page, oldest first.
    ///
    /// # Errors
    /// If it cannot be read. The bus logs it, reports the rest of the past as a
    /// [gap](crate::LagCause::Damaged) and goes on with what it holds itself.
    fn read(&self, query: &PageQuery) -> Result<Page, StoreError>;

    /// Returns whether it has events of this run.
    ///
    /// # Errors
    /// If it cannot be read.
    fn has_run(&self, run: u64) -> Result<bool, StoreError>;

    /// Returns the position of a consumer: the cursor of the last event that it has handled; `None`
    /// for one that is not known.
    ///
    /// # Errors
    /// If it cannot be read.
    fn position(&self, consumer: &str) -> Result<Option<EventId>, StoreError>;

    /// Sets the position of a consumer. It is durable when this returns.
    ///
    /// # Errors
    /// If it cannot be written. The consumer goes on, and the bus tries again with its next
    /// position.
    fn set_position(&self, consumer: &str, position: EventId) -> Result<(), StoreError>;

    /// Notes an event that a consumer could not handle, with the reason. It is durable when this
    /// returns: the consumer goes on behind it.
    ///
    /// # Errors
    /// If it cannot be written. The consumer tries the event again.
    fn park(&self, consumer: &str, event: EventId, reason: &str) -> Result<(), StoreError>;
}

/// A question of the bus to an archive.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PageQuery {
    /// Where the page begins. [`Since::Now`] is not used. A time begins with the first event of
    /// that time or later; some older ones may come too.
    pub since: Since,
    /// The events that are wanted. An archive may return others too: the bus looks at each.
    pub filter: Filter,
    /// How many events the page has at most.
    pub limit: usize,
}

impl PageQuery {
    /// Makes a query, for the tests of an archive.
    pub fn new(since: impl Into<Since>, filter: Filter, limit: usize) -> Self {
        Self { since: since.into(), filter, limit }
    }
}

/// Some events and gaps of an archive, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// Events and gaps, oldest first.
    pub items: Vec<Item>,
    /// The cursor up to which this page answers the query; `None` where the archive has nothing
    /// behind the beginning.
    pub through: Option<EventId>,
    /// Whether the archive has more behind it.
    pub more: bool,
}

/// An event or a gap of an archive.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// An event.
    Event {
        /// Its position, as [`Event::cursor`](crate::Event::cursor) returned it.
        cursor: EventId,
        /// Its line, as [`Event::to_json`](crate::Event::to_json) wrote it.
        json: String,
    },
    /// Events that are missing.
    Gap(Lagged),
}
