//! The guard of a subscription.

use std::fmt;
use std::sync::{Arc, Weak};

use super::add::Added;
use crate::bus::EventBus;
use crate::delivery::{Core, Key};
use crate::event::SubscriptionId;

/// The guard of a subscription. Dropping it ends the subscription and frees the handler.
///
/// Events that wait are dropped and counted. An event that a publish has claimed is finished: a
/// sync handler that has not begun with it on another thread may be called once more after the
/// guard is dropped. Nothing waits for a handler at work.
///
/// ```
/// # use bus_core::EventBus;
/// let bus = EventBus::new();
/// let guard = bus.subscribe_any().handle_sync(|event| println!("{}", event.kind()));
/// let id = guard.id();
/// guard.detach(); // goes on for as long as the bus lives
/// assert!(bus.unsubscribe(id));
/// assert!(!bus.unsubscribe(id));
/// ```
#[must_use = "dropping it ends the subscription: keep it, or `.detach()` it"]
pub struct Subscription {
    // Weak: a handler may own the guard of another, and that must not keep the bus.
    core: Weak<Core>,
    key: Key,
    id: SubscriptionId,
}

impl Subscription {
    pub(crate) fn new(core: &Arc<Core>, added: &Added) -> Self {
        Self { core: Arc::downgrade(core), key: added.key, id: added.id }
    }

    /// Returns the id, for [`EventBus::unsubscribe`].
    pub fn id(&self) -> SubscriptionId {
        self.id
    }

    /// Lets the subscription go on for as long as the bus lives, and returns its id, which
    /// [`EventBus::unsubscribe`] takes.
    pub fn detach(mut self) -> SubscriptionId {
        self.core = Weak::new();
        self.id
    }

    /// Ends the subscription, as dropping the guard does: a handler on another thread may be called
    /// once more.
    pub fn unsubscribe(self) {}
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(core) = self.core.upgrade() {
            core.end(self.key);
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Core {
    /// Ends a subscription. Returns whether it existed.
    pub(crate) fn end(self: &Arc<Self>, key: Key) -> bool {
        self.step(|state, effects| state.end(key, effects))
    }
}

impl EventBus {
    /// Ends a subscription and returns whether it existed. A handler may end others and itself.
    ///
    /// Events that wait are dropped and counted. An event that a publish has claimed is finished,
    /// so a sync handler may be called once more, by another thread, after this returns.
    #[expect(clippy::must_use_candidate, reason = "the answer is of use to some")]
    pub fn unsubscribe(&self, id: SubscriptionId) -> bool {
        let key = self.core.lock().ids.get(&id).copied();
        key.is_some_and(|key| self.core.end(key))
    }
}
