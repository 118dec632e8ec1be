//! The bus itself: a cheap handle, from which everything else is made.

mod builder;
mod close;

use std::fmt;
use std::sync::Arc;

pub use builder::EventBusBuilder;
pub use close::{Close, CloseReport, Left};

use crate::dispatch::{Core, OpenPair, OpenPairs};
use crate::registry::Catalogue;

/// A bus. The handle is cheap to clone; all clones are the same bus, which lives as long as one of them, or an emitter, does.
///
/// ```standalone_crate
/// use bus_core::{AgentEvent, EventBus};
///
/// #[derive(AgentEvent)]
/// enum BuildEvents {
///     TargetStarted { target: String },
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let bus = EventBus::new();
/// let _guard = bus.subscribe::<TargetStarted>().handle_sync(|event| println!("{} began", event.target));
/// bus.stream("desk").emit_target_started("app").await;
/// # }
/// ```
#[derive(Clone)]
pub struct EventBus {
    pub(crate) core: Arc<Core>,
}

impl EventBus {
    /// A bus with the defaults of [`EventBus::builder`].
    ///
    /// # Panics
    /// Where two definitions that are linked in declare the same kind; the message names both places and
    /// packages. [`EventBusBuilder::build`] returns that as an error, and [`EventBusBuilder::prefer`] says which
    /// of the two the bus takes.
    #[track_caller]
    #[expect(clippy::panic, reason = "documented; the builder returns it")]
    pub fn new() -> Self {
        Self::builder().build().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Begins a bus with settings of your own.
    pub fn builder() -> EventBusBuilder {
        EventBusBuilder::new()
    }

    /// Every event kind that this bus knows of, as of now.
    pub fn catalogue(&self) -> Arc<Catalogue> {
        self.core.catalogue()
    }

    /// What has begun and not ended, and what ended without having begun, after the `ends_with` of the definitions.
    ///
    /// ```standalone_crate
    /// # use bus_core::{AgentEvent, EventBus};
    /// #[derive(AgentEvent)]
    /// enum BuildEvents {
    ///     #[event(ends_with(TargetFinished, by(target)))]
    ///     TargetStarted { target: String },
    ///     TargetFinished { target: String },
    /// }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let bus = EventBus::new();
    /// let desk = bus.stream("desk");
    /// desk.emit_target_started("app").await;
    /// desk.emit_target_started("lib").await;
    /// desk.emit_target_finished("app").await;
    /// let pairs = bus.open_pairs();
    /// assert_eq!(pairs.unfinished.len(), 1);
    /// assert_eq!(pairs.unfinished[0].kind, "target_started");
    /// # }
    /// ```
    pub fn open_pairs(&self) -> OpenPairs {
        // Cloned under the lock, told apart after it.
        let (open, unmatched, unmatched_total) = {
            let order = self.core.lock();
            let open: Vec<_> = order.pairs.open().cloned().collect();
            let unmatched: Vec<_> = order.pairs.unmatched().cloned().collect();
            (open, unmatched, order.pairs.unmatched_total())
        };
        let mut unfinished = open;
        unfinished.sort_by_key(crate::event::AnyEvent::seq);
        let told = |events: &[crate::event::AnyEvent]| events.iter().map(OpenPair::from).collect();
        OpenPairs { unfinished: told(&unfinished), unmatched: told(&unmatched), unmatched_total }
    }
}

impl Default for EventBus {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for EventBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let run = format_args!("{:016x}", self.core.run).to_string();
        f.debug_struct("EventBus").field("run", &run).finish_non_exhaustive()
    }
}
