//! Queries of the events of a journal.

mod conditions;
mod count;
mod page;
mod plan;
mod verify;

use std::time::SystemTime;

use bus_core::filter::Field;
use bus_core::wire::ReadError;
use bus_core::{EventId, Filter, ReadEvent, Since};

pub(crate) use conditions::{kinds_with, numbers_of_kinds};
pub(crate) use plan::any_of;

use crate::error::QueryError;
use crate::gap::Gap;
use crate::line;
use crate::reader::Reader;
use crate::stored::Stored;

/// How many events a page has unless `limit` says otherwise.
const LIMIT: usize = 100;

/// A query of the events of a journal: newest first, at most 100 a page, unless set.
///
/// Filters of different names must all fit; several values of one name mean any of them. Gaps are
/// in the answer whatever the filter, in their place: nobody knows what is missing there.
///
/// ```
/// use bus_journal::Journal;
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("run.db");
/// # let bus = bus_core::EventBus::new();
/// # let head = r#"{"type":"asked","stream_id":"desk","timestamp":"2026-11-22T06:14:08","#;
/// # let line = |n| format!(r#"{head}"data":{{"n":{n}}}}}"#);
/// # let lines = (0..250).map(line).collect::<Vec<_>>().join("\n");
/// # Journal::open(&path)?.import(bus.reader().lines(lines.as_bytes()))?;
/// let mut events = 0;
/// let mut query = Some(Journal::read(&path)?.query().kinds(["asked"]).oldest_first());
/// while let Some(this) = query {
///     let page = this.page()?;
///     events += page.items.len();
///     query = page.next;
/// }
/// assert_eq!(events, 250);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a query does nothing until `page`"]
#[derive(Debug, Clone)]
pub struct Query {
    pub(crate) reader: Reader,
    filter: Filter,
    since: Since,
    before: Option<EventId>,
    limit: usize,
    oldest_first: bool,
    /// The positions that are still to be read, once a page has been.
    rest: Option<(u64, u64)>,
}

/// One page of an answer.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Page {
    /// Events and gaps, in the order of the query.
    pub items: Vec<Item>,
    /// The newest position for which it answers, to go on behind it; `None` in an empty journal.
    pub through: Option<EventId>,
    /// The query for the next page; `None` if this is the last.
    pub next: Option<Query>,
}

/// An event, or a gap where events are missing.
#[derive(Debug, Clone)]
pub enum Item {
    /// An event.
    Event(Recorded),
    /// Events that are missing.
    Gap(Gap),
}

/// An event of a journal.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub(crate) stored: Stored,
    pub(crate) reader: Reader,
}

impl Query {
    pub(crate) fn new(reader: Reader) -> Self {
        Self {
            reader,
            filter: Filter::new(),
            since: Since::Beginning,
            before: None,
            limit: LIMIT,
            oldest_first: false,
            rest: None,
        }
    }

    /// Selects events that fit a filter, in place of all conditions until here. Kinds, executions
    /// and times are found by an index or are compared as numbers; for other words each event is
    /// read.
    ///
    /// ```
    /// use bus_journal::Journal;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("run.db");
    /// # drop(Journal::open(&path)?);
    /// let failed = "kind:tool_* execution:exec-4 error".parse()?;
    /// for item in Journal::read(&path)?.query().matching(failed).items() {
    ///     println!("{:?}", item?);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn matching(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// Selects events of these kinds. A name that ends with `*` selects all kinds that begin so.
    pub fn kinds<K: Into<String>>(self, kinds: impl IntoIterator<Item = K>) -> Self {
        kinds.into_iter().fold(self, |query, kind| query.with(|filter| filter.kind(kind)))
    }

    /// Selects events of this stream.
    pub fn stream(self, id: impl Into<String>) -> Self {
        self.with(|filter| filter.stream(id))
    }

    /// Selects events of this node.
    pub fn node(self, id: impl Into<String>) -> Self {
        self.with(|filter| filter.node(id))
    }

    /// Selects events of this execution.
    pub fn execution(self, id: impl Into<String>) -> Self {
        self.with(|filter| filter.execution(id))
    }

    /// Selects events with this correlation.
    pub fn correlation(self, id: impl Into<String>) -> Self {
        self.with(|filter| filter.correlation(id))
    }

    /// Selects events whose attribute has this value.
    pub fn attribute(self, name: &str, value: impl Into<String>) -> Self {
        self.with(|filter| filter.attribute(name, value))
    }

    fn with(self, change: impl FnOnce(Filter) -> Filter) -> Self {
        Self { filter: change(self.filter), ..self }
    }

    /// Selects events of these kinds, in place of all words about kinds.
    pub(crate) fn only_kinds(mut self, kinds: impl IntoIterator<Item = String>) -> Self {
        self.filter.take(&Field::Kind);
        self.kinds(kinds)
    }

    /// Selects events behind a cursor, or of a time or later.
    pub fn since(mut self, since: impl Into<Since>) -> Self {
        self.since = since.into();
        self
    }

    /// Selects events before a cursor.
    pub fn before(mut self, cursor: EventId) -> Self {
        self.before = Some(cursor);
        self
    }

    /// Sets how many events a page has at most: 100 unless set. Gaps do not count.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Returns the oldest events first.
    pub fn oldest_first(mut self) -> Self {
        self.oldest_first = true;
        self
    }

    /// Reads a page.
    ///
    /// A page that is read oldest first, without a filter of kinds or scope, also finds rows that
    /// the file has lost; other pages find those that are damaged.
    ///
    /// # Errors
    /// If a cursor is of a run that the journal does not hold, or if the file cannot be read.
    pub fn page(self) -> Result<Page, QueryError> {
        let reader = self.reader.clone();
        reader.with(|connection, names, tail| page::read(self, connection, names, tail))
    }

    /// Reads all pages, one after the other. It ends behind the first error.
    pub fn items(self) -> impl Iterator<Item = Result<Item, QueryError>> {
        let (mut next, mut items) = (Some(self), Vec::new().into_iter());
        std::iter::from_fn(move || {
            loop {
                if let Some(item) = items.next() {
                    return Some(Ok(item));
                }
                match next.take()?.page() {
                    Ok(page) => (items, next) = (page.items.into_iter(), page.next),
                    Err(error) => return Some(Err(error)),
                }
            }
        })
    }
}

impl Item {
    /// Returns the event, if it is one.
    pub fn event(&self) -> Option<&Recorded> {
        match self {
            Self::Event(event) => Some(event),
            Self::Gap(_) => None,
        }
    }

    /// Returns the gap, if it is one.
    pub fn gap(&self) -> Option<&Gap> {
        match self {
            Self::Event(_) => None,
            Self::Gap(gap) => Some(gap),
        }
    }
}

impl Recorded {
    pub(crate) fn new(stored: Stored, reader: &Reader) -> Self {
        Self { stored, reader: reader.clone() }
    }

    /// Returns its position in the journal, to go on behind it: the same that
    /// [`Event::cursor`](bus_core::Event::cursor) returned when it was published.
    pub fn cursor(&self) -> EventId {
        EventId::new(self.stored.place.run, self.stored.place.seq)
    }

    /// Returns the name of its kind.
    pub fn kind(&self) -> &str {
        self.stored.kind()
    }

    /// Returns the stream.
    pub fn stream(&self) -> &str {
        self.stored.stream()
    }

    /// Returns the node, if it has one.
    pub fn node(&self) -> Option<&str> {
        self.stored.node()
    }

    /// Returns the execution, if it has one.
    pub fn execution(&self) -> Option<&str> {
        self.stored.execution()
    }

    /// Returns the correlation with related events, if it has one.
    pub fn correlation(&self) -> Option<&str> {
        self.stored.correlation()
    }

    /// Returns the time of publishing; the nearest that is stored for one before 1678 or after
    /// 2261.
    pub fn timestamp(&self) -> SystemTime {
        line::time(self.stored.time)
    }

    /// Returns the line of JSON, to the letter as [`Event::to_json`](bus_core::Event::to_json)
    /// wrote it.
    pub fn json(&self) -> &str {
        self.stored.line()
    }

    /// Reads the line as an event, which can be published again.
    ///
    /// # Errors
    /// If the line is no event to the reader of this program, which a later version may have
    /// written.
    pub fn read(&self) -> Result<ReadEvent, ReadError> {
        self.reader.event(self.stored.line())
    }
}

impl From<Recorded> for String {
    fn from(event: Recorded) -> Self {
        event.stored.into_line()
    }
}
