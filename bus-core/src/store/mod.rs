//! Stores: where a bus records its events, so that they outlive the process.
//!
//! A bus that was built with [`store`](crate::EventBusBuilder::store) hands every event to its
//! store, in the order of their positions, on a thread of its own. While one batch is written the
//! next one gathers, so that many publishers share one commit. [`Sent::recorded`](crate::Sent) and
//! an awaited emit wait for the commit; [`send`](crate::Emit::send) does not.
//!
//! A store that fails stops nothing: the bus goes on, receipts say that the event is
//! [not recorded](NotRecorded), and the store gets the [gap](Gap) before the next event.

mod archive;

use std::sync::Arc;

use crate::event::AnyEvent;
use crate::payload::Descriptor;

pub use crate::error::{NotRecorded, StoreError};
pub use archive::{Archive, Item, Page, PageQuery};

/// A place that keeps events: a file, a database, a list in memory.
///
/// The bus makes one call at a time: [`begin`](Self::begin) once while it is built, then
/// [`write`](Self::write) on a thread of the bus, then [`end`](Self::end) once. Only
/// [`keeps`](Self::keeps) is called by publishers, at any time. A store must not publish on its own
/// bus: what it publishes would be recorded, and so on without end.
///
/// An `Arc` of a store is a store, so that the program keeps a handle to ask.
///
/// ```
/// use std::sync::{Arc, Mutex};
///
/// use bus_core::store::{Entry, Store, StoreError};
///
/// /// Keeps each event as a line of JSON.
/// #[derive(Default)]
/// struct Lines(Mutex<Vec<String>>);
///
/// impl Store for Lines {
///     fn write(&self, batch: &[Entry]) -> Result<(), StoreError> {
///         let events = batch.iter().filter_map(Entry::event);
///         self.0.lock().unwrap().extend(events.map(|event| event.to_json()));
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let lines = Arc::new(Lines::default());
/// let bus = bus_core::EventBus::builder().store(lines.clone()).build().unwrap();
/// bus.stream("desk").emit_dynamic("asked", serde_json::json!({ "n": 1 })).await;
/// assert!(lines.0.lock().unwrap()[0].contains(r#""type":"asked""#));
/// # }
/// ```
pub trait Store: Send + Sync + 'static {
    /// Returns whether events of this kind are recorded; `declared` has what its definition says of
    /// it. A publisher asks once for each declared kind, and for each event of any other kind.
    /// Unless written, every kind is recorded.
    fn keeps(&self, kind: &str, declared: Option<&'static Descriptor>) -> bool {
        let _ = (kind, declared);
        true
    }

    /// Begins a run of a bus, before its first event. `run` is
    /// [`EventId::run`](crate::EventId::run) of all ids that the bus gives. Unless written, it does
    /// nothing.
    ///
    /// # Errors
    /// If the run cannot be recorded. The bus is not built then.
    fn begin(&self, run: u64) -> Result<(), StoreError> {
        let _ = run;
        Ok(())
    }

    /// Records a batch, never an empty one, all of it or nothing. The entries are in the order of
    /// their positions. They are durable when it returns: the bus acknowledges them then.
    ///
    /// # Errors
    /// If nothing of the batch is recorded. The bus does not write these events again: it tells
    /// those who wait, and the next batch begins with the gap.
    fn write(&self, batch: &[Entry]) -> Result<(), StoreError>;

    /// Returns the store as an archive, if it can be read. Unless written, it cannot.
    fn archive(&self) -> Option<&dyn Archive> {
        None
    }

    /// Ends the run: the bus is closed, or its last handle is gone, and everything was written.
    /// Unless written, it does nothing.
    ///
    /// # Errors
    /// If the end cannot be recorded. The bus logs it.
    fn end(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// A shared store, so that the program keeps a handle of it.
impl<S: Store + ?Sized> Store for Arc<S> {
    fn keeps(&self, kind: &str, declared: Option<&'static Descriptor>) -> bool {
        (**self).keeps(kind, declared)
    }

    fn begin(&self, run: u64) -> Result<(), StoreError> {
        (**self).begin(run)
    }

    fn write(&self, batch: &[Entry]) -> Result<(), StoreError> {
        (**self).write(batch)
    }

    fn archive(&self) -> Option<&dyn Archive> {
        (**self).archive()
    }

    fn end(&self) -> Result<(), StoreError> {
        (**self).end()
    }
}

/// One entry of a batch: an event, or a gap where events are missing.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Entry {
    /// An event. [`to_json`](crate::Event::to_json) writes it, with its `redact` fields redacted.
    Event(AnyEvent),
    /// Events that are lost to the store.
    Gap(Gap),
}

impl Entry {
    /// The event, if it is one.
    pub fn event(&self) -> Option<&AnyEvent> {
        match self {
            Self::Event(event) => Some(event),
            Self::Gap(_) => None,
        }
    }

    /// The first position that it stands for.
    pub(crate) fn first(&self) -> u64 {
        match self {
            Self::Event(event) => event.cursor().seq(),
            Self::Gap(gap) => gap.from,
        }
    }

    /// The last position that it stands for.
    pub fn last(&self) -> u64 {
        match self {
            Self::Event(event) => event.cursor().seq(),
            Self::Gap(gap) => gap.to,
        }
    }
}

/// A range of positions of which events that should have been recorded are missing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gap {
    /// The first position, as [`EventId::seq`](crate::EventId::seq).
    pub from: u64,
    /// The last position. Events of left-out kinds may lie between the two.
    pub to: u64,
    /// How many events are missing.
    pub events: u64,
    /// Why they are missing: [`NotRecorded::Full`] or [`NotRecorded::Failed`].
    pub cause: NotRecorded,
}

impl Gap {
    /// Makes a gap, for the tests of a store.
    pub fn new(from: u64, to: u64, events: u64, cause: NotRecorded) -> Self {
        Self { from, to, events, cause }
    }
}
