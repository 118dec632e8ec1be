//! A store in memory.

use std::collections::BTreeMap;

use crate::delivery::{LagCause, Lagged};
use crate::event::{AnyEvent, EventId};
use crate::payload::Descriptor;
use crate::since::Since;
use crate::store::{Archive, Entry, Item, Page, PageQuery, Store, StoreError};
use crate::sync::Mutex;

/// A store that keeps everything in memory, for tests. It can be made to fail, and it can be read:
/// share it with the next bus, and that reads what the first one has recorded.
///
/// ```
/// # use std::sync::Arc;
/// use bus_core::store::{NotRecorded, StoreError};
/// use bus_core::testing::MemoryStore;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let store = Arc::new(MemoryStore::new());
/// let bus = bus_core::EventBus::builder().store(store.clone()).build().unwrap();
/// let desk = bus.stream("desk");
/// store.fail(Some(StoreError::Full));
/// let receipt = desk.emit_dynamic("asked", serde_json::json!({})).await;
/// assert_eq!(receipt.recorded(), Err(NotRecorded::Full));
/// store.fail(None);
/// desk.emit_dynamic("answered", serde_json::json!({})).await;
/// assert_eq!(store.entries().len(), 2); // the gap, and the second event
/// # }
/// ```
#[derive(Debug, Default)]
pub struct MemoryStore {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    runs: Vec<u64>,
    ended: bool,
    entries: Vec<Entry>,
    /// The run of each of them.
    runs_of: Vec<u64>,
    left_out: Vec<String>,
    failure: Option<StoreError>,
    positions: BTreeMap<String, EventId>,
    parked: Vec<(String, EventId, String)>,
}

impl MemoryStore {
    /// Makes an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Leaves out a kind. Call it before the bus publishes.
    #[must_use]
    pub fn leave_out(self, kind: impl Into<String>) -> Self {
        self.inner.lock().left_out.push(kind.into());
        self
    }

    /// Fails all writes from now on, or none.
    pub fn fail(&self, failure: Option<StoreError>) {
        self.inner.lock().failure = failure;
    }

    /// Returns everything that was written, in order.
    pub fn entries(&self) -> Vec<Entry> {
        self.inner.lock().entries.clone()
    }

    /// Returns the events that were written, in order.
    pub fn events(&self) -> Vec<AnyEvent> {
        self.entries().iter().filter_map(|entry| entry.event().cloned()).collect()
    }

    /// Returns the events that consumers have parked: the name, the event and the reason.
    pub fn parked(&self) -> Vec<(String, EventId, String)> {
        self.inner.lock().parked.clone()
    }

    /// Returns the runs that were begun, as [`EventId::run`](crate::EventId::run) gives them.
    pub fn runs(&self) -> Vec<u64> {
        self.inner.lock().runs.clone()
    }

    /// Returns whether the last run has ended.
    pub fn is_ended(&self) -> bool {
        self.inner.lock().ended
    }
}

impl Store for MemoryStore {
    fn keeps(&self, kind: &str, _: Option<&'static Descriptor>) -> bool {
        !self.inner.lock().left_out.iter().any(|left_out| left_out == kind)
    }

    fn begin(&self, run: u64) -> Result<(), StoreError> {
        let mut inner = self.inner.lock();
        inner.runs.push(run);
        inner.ended = false;
        Ok(())
    }

    fn write(&self, batch: &[Entry]) -> Result<(), StoreError> {
        let mut inner = self.inner.lock();
        if let Some(failure) = &inner.failure {
            return Err(failure.clone());
        }
        let run = inner.runs.last().copied().unwrap_or_default();
        inner.runs_of.extend(batch.iter().map(|_| run));
        inner.entries.extend_from_slice(batch);
        Ok(())
    }

    fn archive(&self) -> Option<&dyn Archive> {
        Some(self)
    }

    fn end(&self) -> Result<(), StoreError> {
        self.inner.lock().ended = true;
        Ok(())
    }
}

impl Archive for MemoryStore {
    fn read(&self, query: &PageQuery) -> Result<Page, StoreError> {
        let inner = self.inner.lock();
        let begin = inner.begin(query.since);
        let end = (begin + query.limit).min(inner.entries.len());
        let last = end.checked_sub(1).filter(|last| *last >= begin);
        Ok(Page {
            items: (begin..end).map(|at| inner.item(at)).collect(),
            through: last.map(|last| inner.cursor(last)),
            more: end < inner.entries.len(),
        })
    }

    fn has_run(&self, run: u64) -> Result<bool, StoreError> {
        Ok(self.inner.lock().runs.contains(&run))
    }

    fn position(&self, consumer: &str) -> Result<Option<EventId>, StoreError> {
        Ok(self.inner.lock().positions.get(consumer).copied())
    }

    fn set_position(&self, consumer: &str, position: EventId) -> Result<(), StoreError> {
        self.inner.lock().positions.insert(consumer.to_owned(), position);
        Ok(())
    }

    fn park(&self, consumer: &str, event: EventId, reason: &str) -> Result<(), StoreError> {
        self.inner.lock().parked.push((consumer.to_owned(), event, reason.to_owned()));
        Ok(())
    }
}

impl Inner {
    /// The cursor of the last event that an entry stands for.
    fn cursor(&self, at: usize) -> EventId {
        EventId::new(self.runs_of[at], self.entries[at].last())
    }

    /// Where a page begins.
    fn begin(&self, since: Since) -> usize {
        let all = 0..self.entries.len();
        let is_behind = |cursor: EventId, at: usize| {
            let place = |run| self.runs.iter().position(|known| *known == run);
            (place(self.runs_of[at]), self.entries[at].last()) > (place(cursor.run()), cursor.seq())
        };
        let is_after =
            |time, at: usize| self.entries[at].event().is_some_and(|event| event.timestamp() >= time);
        let end = all.end;
        match since {
            Since::Beginning => 0,
            Since::Now => end,
            Since::After(cursor) => { all }.find(|at| is_behind(cursor, *at)).unwrap_or(end),
            Since::Time(time) => { all }.find(|at| is_after(time, *at)).unwrap_or(end),
        }
    }

    fn item(&self, at: usize) -> Item {
        let id = |seq| EventId::new(self.runs_of[at], seq);
        match &self.entries[at] {
            Entry::Event(event) => Item::Event { cursor: event.cursor(), json: event.to_json() },
            Entry::Gap(gap) => {
                let missed = Some(gap.events);
                Item::Gap(Lagged::new(id(gap.from), id(gap.to), missed, LagCause::NotRecorded))
            }
        }
    }
}
