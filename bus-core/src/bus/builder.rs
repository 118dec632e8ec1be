//! A bus with settings of its own.

use std::sync::Arc;
use std::time::Duration;

use super::EventBus;
use crate::delivery::{Core, Observer, Settings};
use crate::error::BuildError;
use crate::payload::{AgentEvent, Registration};
use crate::registry::Catalogue;
use crate::sync::Handle;

/// The settings of a bus in the making.
///
/// ```
/// use std::time::Duration;
///
/// let bus = bus_core::EventBus::builder()
///     .history(10_000)
///     .max_concurrent_handlers(32)
///     .handler_timeout(Duration::from_secs(30))
///     .build()?;
/// # Ok::<(), bus_core::BuildError>(())
/// ```
#[derive(Clone)]
#[must_use = "a bus is made by `build`"]
pub struct EventBusBuilder {
    settings: Settings,
    observer: Option<Arc<dyn Observer>>,
    registrations: Vec<&'static Registration>,
    preferred: Vec<&'static Registration>,
    linked: bool,
}

impl EventBusBuilder {
    pub(crate) fn new() -> Self {
        let settings = Settings {
            history: 1_000,
            transient_history: 1_000,
            history_bytes: 64 << 20,
            max_concurrent_handlers: 10,
            chain_limit: 64,
            handler_timeout: None,
            slow_after: Duration::from_secs(5),
            max_event_bytes: None,
            runtime: None,
        };
        Self { settings, observer: None, registrations: Vec::new(), preferred: Vec::new(), linked: true }
    }

    /// How many events history holds, `transient` ones apart: 1,000 unless set. 0 keeps none.
    pub fn history(mut self, events: usize) -> Self {
        self.settings.history = events;
        self
    }

    /// How many `transient` events history holds: 1,000 unless set. 0 keeps none.
    pub fn transient_history(mut self, events: usize) -> Self {
        self.settings.transient_history = events;
        self
    }

    /// How much memory the events in history may take together, `transient` ones included: 64 MiB
    /// unless set. The size of an event is estimated. Beyond it the oldest are evicted and counted,
    /// as beyond the number of events.
    pub fn history_bytes(mut self, bytes: usize) -> Self {
        self.settings.history_bytes = bytes;
        self
    }

    /// Has an observer see every publish and every call of a handler.
    pub fn observe(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// How many async handlers may be at work at once, over the whole bus: 10 unless set. One that waits in an emit or a wait of the bus is not counted.
    pub fn max_concurrent_handlers(mut self, handlers: usize) -> Self {
        self.settings.max_concurrent_handlers = handlers;
        self
    }

    /// How many events may cause each other in a row: 64 unless set. A longer chain is refused.
    pub fn chain_limit(mut self, events: u32) -> Self {
        self.settings.chain_limit = events;
        self
    }

    /// How long an async handler may take for one event, where its subscription does not say: for ever unless set.
    pub fn handler_timeout(mut self, limit: Duration) -> Self {
        self.settings.handler_timeout = Some(limit);
        self
    }

    /// How long a handler may run before a warning names it, while it still runs: 5 seconds unless set. Zero turns the warning off.
    pub fn slow_after(mut self, threshold: Duration) -> Self {
        self.settings.slow_after = threshold;
        self
    }

    /// How large the JSON of a payload may be. Unless set, anything goes and nothing is measured: with a limit each event is written as JSON once when it is published.
    pub fn max_event_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_event_bytes = Some(bytes);
        self
    }

    /// Where async handlers run: on the runtime they were subscribed on unless set.
    pub fn runtime(mut self, runtime: Handle) -> Self {
        self.settings.runtime = Some(runtime);
        self
    }

    /// Makes the events of a definition known from the start. With the feature `inventory` that happens by itself for all that are linked in; a typed emit or subscription does it for its own
    /// kind.
    pub fn events<D: AgentEvent>(mut self) -> Self {
        self.registrations.push(D::REGISTRATION);
        self
    }

    /// Takes the events of this definition where another one that is linked in has a kind or an alias of
    /// the same name, as another version of the same crate does. The events of the other that have such a
    /// name are left out of this bus: whoever emits or subscribes to one is refused, with the reason.
    ///
    /// ```standalone_crate
    /// use bus_core::{AgentEvent, EventBus};
    ///
    /// #[derive(AgentEvent)]
    /// enum ShopEvents {
    ///     OrderPlaced { number: u64 },
    /// }
    ///
    /// let bus = EventBus::builder().prefer::<ShopEvents>().build()?;
    /// # Ok::<(), bus_core::BuildError>(())
    /// ```
    pub fn prefer<D: AgentEvent>(mut self) -> Self {
        self.preferred.push(D::REGISTRATION);
        self
    }

    /// Leaves out the definitions that are only linked in: the bus knows those that [`events`](Self::events)
    /// and [`prefer`](Self::prefer) name, and the kinds that are emitted or subscribed to by type.
    pub fn without_linked(mut self) -> Self {
        self.linked = false;
        self
    }

    /// The bus.
    ///
    /// # Errors
    /// Where two definitions declare the same kind, naming both places, or a limit is 0 that must not be.
    pub fn build(self) -> Result<EventBus, BuildError> {
        let Self { settings, observer, registrations, preferred, linked } = self;
        if settings.max_concurrent_handlers == 0 {
            return Err(BuildError::ZeroLimit("max_concurrent_handlers"));
        }
        let mut all = if linked { crate::payload::linked() } else { Vec::new() };
        all.extend(registrations.into_iter().chain(preferred.iter().copied()));
        let catalogue = Catalogue::of(all, &preferred).map_err(BuildError::DuplicateKinds)?;
        let core = Core::new(crate::event::new_run(), settings, observer, catalogue);
        Ok(EventBus { core: Arc::new(core) })
    }
}

impl std::fmt::Debug for EventBusBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { settings, observer, .. } = self;
        f.debug_struct("EventBusBuilder")
            .field("history", &settings.history)
            .field("max_concurrent_handlers", &settings.max_concurrent_handlers)
            .field("observed", &observer.is_some())
            .finish_non_exhaustive()
    }
}
