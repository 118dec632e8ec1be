//! Events that could not be recorded: whether the bus goes on.

use std::sync::Arc;

use super::builder::EventBusBuilder;
use super::close::shut;
use crate::delivery::{Core, log};

/// The way of a bus with events that its store could not record: see
/// [`EventBusBuilder::on_unrecorded`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Unrecorded {
    /// The bus goes on. The log has an error at once, and then one every ten seconds with the
    /// number of events.
    #[default]
    Warn,
    /// The bus closes itself, as [`close`](crate::EventBus::close) does without waiting: it refuses
    /// what is published afterwards.
    Close,
}

impl EventBusBuilder {
    /// Sets what happens when an event could not be recorded in the [`store`](Self::store):
    /// [`Unrecorded::Warn`] unless set. Receipts, stats and the gap in the store say so either way.
    /// It has no effect without a store, and a kind that the store leaves out is none of these
    /// events.
    ///
    /// With [`Unrecorded::Close`] the bus is closed before a wait for the event ends: the first one
    /// who learns of the loss finds it closed. Events that are published between the failure and
    /// the close are delivered. Later ones are
    /// [`Refused::Unrecorded`](crate::Refused::Unrecorded). Where the queue for the store is full,
    /// it closes when the store has written the next batch. Handlers go on with the events that
    /// wait for them; await [`close`](crate::EventBus::close) to wait for them and for the report.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// use bus_core::store::StoreError;
    /// use bus_core::{EventBus, Refused, Unrecorded, testing::MemoryStore};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let store = Arc::new(MemoryStore::new());
    /// let bus =
    ///     EventBus::builder().store(store.clone()).on_unrecorded(Unrecorded::Close).build().unwrap();
    /// store.fail(Some(StoreError::Full));
    /// let desk = bus.stream("desk");
    /// assert!(desk.emit_dynamic("paid", serde_json::json!({})).await.recorded().is_err());
    /// let receipt = desk.emit_dynamic("paid", serde_json::json!({})).await;
    /// assert_eq!(receipt.refused(), Some(&Refused::Unrecorded));
    /// # }
    /// ```
    pub fn on_unrecorded(mut self, way: Unrecorded) -> Self {
        self.close_unrecorded = match way {
            Unrecorded::Warn => None,
            Unrecorded::Close => Some(close_unrecorded),
        };
        self
    }
}

fn close_unrecorded(core: &Arc<Core>) {
    shut(core);
    log(|| {
        tracing::error!(
            target: "bus_core",
            "the bus has closed itself, because an event could not be recorded: it was built with `.on_unrecorded(Close)`"
        );
    });
}
