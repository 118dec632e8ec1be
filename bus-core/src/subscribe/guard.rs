//! The guard of a subscription.

use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Weak};

use super::add::Added;
use crate::bus::EventBus;
use crate::delivery::{Core, Key, log};
#[cfg(debug_assertions)]
use crate::delivery::{Info, thread};
use crate::error::SubscribeError;
use crate::event::SubscriptionId;
#[cfg(debug_assertions)]
use crate::excerpt::excerpt;

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
#[must_use = "dropping it ends the subscription at once: keep it with `let _guard = ..`, or add `.detach()` to keep the \
              subscription for as long as the bus lives"]
pub struct Subscription {
    // Weak: a handler may own the guard of another, and that must not keep the bus.
    core: Weak<Core>,
    key: Key,
    id: SubscriptionId,
    #[cfg(debug_assertions)]
    made: Made,
}

/// When and where a guard was made, to notice one that is dropped at once.
#[cfg(debug_assertions)]
struct Made {
    at: std::time::Instant,
    thread: u64,
}

impl Subscription {
    pub(crate) fn new(core: &Arc<Core>, added: &Added) -> Self {
        Self {
            core: Arc::downgrade(core),
            key: added.key,
            id: added.info.id,
            #[cfg(debug_assertions)]
            made: Made::now(),
        }
    }

    /// The guard that was made; on a closed bus one that has ended. No event is published any more,
    /// so nothing is lost by that.
    ///
    /// # Panics
    /// On every other error.
    #[track_caller]
    #[expect(clippy::panic, reason = "documented where it is called")]
    pub(crate) fn or_ended(made: Result<Self, SubscribeError>) -> Self {
        match made {
            Ok(guard) => guard,
            Err(error @ SubscribeError::Closed) => {
                log(
                    || tracing::debug!(target: "bus_core", subscribed_at = %Location::caller(), "a subscription has ended already: {error}"),
                );
                Self {
                    core: Weak::new(),
                    key: Key::NONE,
                    id: SubscriptionId(0),
                    #[cfg(debug_assertions)]
                    made: Made::now(),
                }
            }
            Err(error) => panic!("{error}"),
        }
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
    pub fn unsubscribe(mut self) {
        if let Some(core) = std::mem::take(&mut self.core).upgrade() {
            core.end(self.key);
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(core) = self.core.upgrade() {
            #[cfg(debug_assertions)]
            self.made.warn_at_once(&core, self.key);
            core.end(self.key);
        }
    }
}

/// `let _ =` drops a guard within a few hundred nanoseconds, on the same thread. Other code that
/// drops one has mostly done something before. The time is short, so that a warning is right; it
/// is missing where the thread was interrupted in between.
#[cfg(debug_assertions)]
const AT_ONCE: std::time::Duration = std::time::Duration::from_micros(20);

#[cfg(debug_assertions)]
impl Made {
    fn now() -> Self {
        Self { at: std::time::Instant::now(), thread: thread() }
    }

    /// Says in debug builds that a subscription has ended before it could get an event. The
    /// compiler's warning is silenced by `let _ =`.
    fn warn_at_once(&self, core: &Core, key: Key) {
        if self.at.elapsed() > AT_ONCE || self.thread != thread() || std::thread::panicking() {
            return;
        }
        let Some(info) =
            core.unmatched(key).filter(|info| core.is_first_warning(&("a guard", info.location)))
        else {
            return;
        };
        log(|| {
            tracing::warn!(
                target: "bus_core",
                subscription = %excerpt(&info.name),
                subscribed_at = %info.location,
                "a subscription has ended as soon as it was made, because its guard was dropped: keep it with `let _guard = ..` \
                 (`let _ = ..` drops it), or add `.detach()`"
            );
        });
    }
}

#[cfg(debug_assertions)]
impl Core {
    /// The settings of a subscription that has matched no event.
    fn unmatched(&self, key: Key) -> Option<Arc<Info>> {
        let account = self.lock().account(key)?;
        (account.counts.matched == 0).then_some(account.info)
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let core = self.core.upgrade();
        let info = core.and_then(|core| Some(Arc::clone(&core.lock().subscriptions.get(self.key)?.info)));
        let mut shown = f.debug_struct("Subscription");
        match info {
            Some(info) => shown.field("id", &self.id).field("name", &info.name).finish_non_exhaustive(),
            None => shown.field("id", &self.id).field("ended", &true).finish_non_exhaustive(),
        }
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
