//! A store in memory.

use crate::event::AnyEvent;
use crate::payload::Descriptor;
use crate::store::{Entry, Store, StoreError};
use crate::sync::Mutex;

/// A store that keeps everything in memory, for tests. It can be made to fail.
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
    left_out: Vec<String>,
    failure: Option<StoreError>,
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
        inner.entries.extend_from_slice(batch);
        Ok(())
    }

    fn end(&self) -> Result<(), StoreError> {
        self.inner.lock().ended = true;
        Ok(())
    }
}
