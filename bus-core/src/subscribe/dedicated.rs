//! Handlers that depend on no other.

use super::{Plan, Subscribe};
use crate::error::SubscribeError;

impl<S, T, M> Subscribe<S, T, M> {
    /// Lets the handler depend on no other: for stores, bridges and exporters.
    ///
    /// An async handler takes no permit of
    /// [`max_concurrent_handlers`](crate::EventBusBuilder::max_concurrent_handlers), so that hung
    /// handlers do not hold it up, and it holds up no other. It always runs in its own task. The
    /// limit of the bus on the time of a handler does not bind it; [`timeout`](Self::timeout) does.
    /// A sync handler has neither of these, and runs where any sync handler runs.
    ///
    /// Its queue is bounded by the estimated memory of the events in it: by 64 MiB, unless
    /// [`capacity_bytes`](Self::capacity_bytes) is set, and by their number only if
    /// [`capacity`](Self::capacity) is. With [`Overflow::Wait`](crate::Overflow::Wait), an event
    /// that is not within the bytes is overflowed, which its receipt and the gap say.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let bus = bus_core::EventBus::new();
    /// let store = bus.subscribe_any().name("store").dedicated().batch(256);
    /// let _guard = store.handle(async |events| println!("{} events", events.len()));
    /// let receipt = bus.stream("desk").emit_dynamic("asked", serde_json::json!({})).await;
    /// assert_eq!(receipt.handled(), 1);
    /// # }
    /// ```
    pub fn dedicated(mut self) -> Self {
        self.plan.dedicated = true;
        self
    }

    /// Sets how much memory, by estimate, the events in the queue of a
    /// [`dedicated`](Self::dedicated) handler may hold: 64 MiB unless set. One event always fits.
    pub fn capacity_bytes(mut self, bytes: usize) -> Self {
        self.plan.capacity_bytes = Some(bytes);
        self
    }
}

impl Plan {
    /// Refuses settings of a queue that it does not have.
    pub(super) fn check_queue(&self) -> Result<(), SubscribeError> {
        if self.capacity_bytes.is_some() && !self.dedicated {
            return Err(SubscribeError::NotDedicated);
        }
        Ok(())
    }
}
