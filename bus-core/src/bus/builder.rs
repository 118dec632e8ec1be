//! A bus with its own settings.

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::EventBus;
use crate::clock::Clock;
use crate::delivery::{Core, Draft, HandlerResult, Intercept, Interceptor, Observer, Settings, name_of};
use crate::error::BuildError;
use crate::payload::{AgentEvent, Registration};
use crate::registry::Catalogue;
use crate::store::Store;
use crate::sync::Handle;

/// The settings of a new bus.
///
/// The defaults are safe for a program that knows nothing of them: every queue, the history, the
/// number of handlers at work and the time of each are bounded.
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
    store: Option<Arc<dyn Store>>,
    interceptors: Vec<(Arc<str>, Intercept)>,
    registrations: Vec<&'static Registration>,
    preferred: Vec<&'static Registration>,
    linked: bool,
    run: Option<u64>,
    pub(super) close_unrecorded: Option<fn(&Arc<Core>)>,
}

impl EventBusBuilder {
    pub(crate) fn new() -> Self {
        let settings = Settings {
            history: 1_000,
            transient_history: 1_000,
            history_bytes: 64 << 20,
            latest: 4_096,
            max_concurrent_handlers: 10,
            chain_limit: 64,
            handler_timeout: Some(Duration::from_mins(1)),
            slow_after: Duration::from_secs(5),
            max_event_bytes: None,
            runtime: None,
            clock: None,
            stores: false,
            store_queue_bytes: 64 << 20,
        };
        Self {
            settings,
            observer: None,
            store: None,
            interceptors: Vec::new(),
            registrations: Vec::new(),
            preferred: Vec::new(),
            linked: true,
            run: None,
            close_unrecorded: None,
        }
    }

    /// Sets how many events history holds, apart from `transient` ones: 1,000 unless set. 0 keeps
    /// none.
    pub fn history(mut self, events: usize) -> Self {
        self.settings.history = events;
        self
    }

    /// Sets how many `transient` events history holds: 1,000 unless set. 0 keeps none.
    pub fn transient_history(mut self, events: usize) -> Self {
        self.settings.transient_history = events;
        self
    }

    /// Sets how many bytes of memory the events in history may take, `transient` ones included: 64
    /// MiB unless set. Beyond it the oldest events are evicted and counted.
    ///
    /// The size of an event is an estimate, taken when it is published;
    /// [`Stats::kept_bytes`](crate::Stats::kept_bytes) is the sum. It is the size of the event's
    /// struct, the length of the JSON text that it was read from, if any, and the memory behind its
    /// fields of these types: strings, paths, JSON values and objects, and `Option`, `Box`, `Vec`,
    /// sets, maps and small tuples of them. Fields of other types, such as your own structs and
    /// `Arc`, count without the memory behind them: set a lower budget where that is large. The
    /// newest event is kept, however large.
    ///
    /// ```
    /// # use bus_core::{AgentEvent, EventBus};
    /// #[derive(AgentEvent)]
    /// enum Pages {
    ///     PageRead { text: String },
    /// }
    ///
    /// # async fn run() {
    /// let bus = EventBus::builder().history_bytes(1_000_000).build().unwrap();
    /// for _ in 0..3 {
    ///     bus.stream("desk").emit_page_read("x".repeat(400_000)).await;
    /// }
    /// assert_eq!((bus.stats().kept, bus.stats().evicted), (2, 1));
    /// # }
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(run());
    /// ```
    pub fn history_bytes(mut self, bytes: usize) -> Self {
        self.settings.history_bytes = bytes;
        self
    }

    /// Sets how many latest values of `sticky` events are kept: 4,096 unless set. Each kind has one
    /// in each stream, node and execution. They take at most as many bytes as
    /// [`history_bytes`](Self::history_bytes) says, apart from the history.
    ///
    /// Beyond it the value that was published longest ago is forgotten: it is counted in
    /// [`Stats::latest_forgotten`](crate::Stats::latest_forgotten), and the first one is a warning
    /// in the log. A runtime that starts many executions forgets the values of one when it ends:
    /// see [`LatestQuery::forget`](crate::LatestQuery::forget).
    pub fn latest(mut self, values: usize) -> Self {
        self.settings.latest = values;
        self
    }

    /// Sets an observer, which sees every publish and every call of a handler.
    pub fn observe(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Sets a store, in which the bus records its events from the first one on: see
    /// [`store`](crate::store). An awaited emit waits until its event is recorded;
    /// [`Sent::recorded`](crate::Sent::recorded) waits for that and for no handler.
    ///
    /// Await [`close`](EventBus::close) before the process ends: it waits for the store last, and
    /// reports what is not recorded. Where the last handle is dropped without it, the end of the
    /// run is recorded on that thread.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use bus_core::{EventBus, testing::MemoryStore};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let store = Arc::new(MemoryStore::new());
    /// let bus = EventBus::builder().store(store.clone()).build().unwrap();
    /// let receipt = bus.stream("desk").emit_dynamic("asked", serde_json::json!({})).await;
    /// assert_eq!(receipt.recorded(), Ok(store.events()[0].id()));
    /// # }
    /// ```
    pub fn store(mut self, store: impl Store) -> Self {
        self.settings.stores = true;
        self.store = Some(Arc::new(store));
        self
    }

    /// Sets how many bytes of memory the events may take that wait for the store: 64 MiB unless
    /// set. An event that does not fit is published all the same; its receipt says
    /// [`NotRecorded::Full`](crate::store::NotRecorded::Full), and the store gets the gap.
    pub fn store_queue_bytes(mut self, bytes: usize) -> Self {
        self.settings.store_queue_bytes = bytes;
        self
    }

    /// Adds an interceptor, which sees each event before it is published: it may set attributes, or
    /// refuse the event with an error. Several are called in the order in which they were added,
    /// each with the attributes of those before it, until one refuses.
    ///
    /// It sees all events: emitted typed or by name, and republished ones, on each bus that they
    /// are republished on. It runs on the publishing thread, outside the bus's lock. An event that
    /// it refuses is [`Refused::Intercepted`](crate::Refused::Intercepted) in the receipt, is
    /// counted in [`Stats::refused_by`](crate::Stats::refused_by), and is a warning in the log. An
    /// interceptor that panics refuses the event, so that a broken gate lets nothing pass.
    ///
    /// An event that it publishes passes the interceptors too, itself among them, and is refused as
    /// [`TooNested`](crate::Refused::TooNested) when that nests too deep.
    ///
    /// ```standalone_crate
    /// use bus_core::{AgentEvent, BoxError, Draft, EventBus};
    ///
    /// #[derive(AgentEvent)]
    /// enum ToolEvents {
    ///     ToolCalled { tool: String },
    /// }
    ///
    /// fn no_shell(event: &mut Draft<'_>) -> Result<(), BoxError> {
    ///     match event.payload::<ToolCalled>() {
    ///         Some(call) if call.tool == "shell" => Err("no shell on this machine".into()),
    ///         _ => Ok(()),
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let bus = EventBus::builder()
    ///     .intercept(|event| event.set_attribute("tenant", "acme"))
    ///     .intercept(no_shell)
    ///     .build()
    ///     .unwrap();
    /// let desk = bus.stream("desk");
    /// assert!(desk.emit_tool_called("search").await.is_ok());
    /// let receipt = desk.emit_tool_called("shell").await;
    /// let refused = receipt.refused().unwrap().to_string();
    /// assert!(refused.ends_with("refused it: no shell on this machine"), "{refused}");
    /// assert_eq!(bus.history().attribute("tenant", "acme").collect().len(), 1);
    /// # }
    /// ```
    #[track_caller]
    pub fn intercept<F, R>(mut self, interceptor: F) -> Self
    where
        F: Fn(&mut Draft<'_>) -> R + Send + Sync + 'static,
        R: HandlerResult,
    {
        let name = name_of::<F>(Location::caller()).into();
        self.interceptors.push((name, Arc::new(move |event| interceptor(event).into_result())));
        self
    }

    /// Sets how many async handlers may be at work at once, over the whole bus: 10 unless set. It
    /// must not be 0. A handler that waits in an emit or a wait of the bus is not counted. Sync
    /// handlers are not limited.
    ///
    /// Handlers that find no permit wait in the order of asking, and count as waiting. If they wait
    /// for longer than [`slow_after`](Self::slow_after), a warning names the handlers at work.
    pub fn max_concurrent_handlers(mut self, handlers: usize) -> Self {
        self.settings.max_concurrent_handlers = handlers;
        self
    }

    /// Sets how many events may cause each other in a row: 64 unless set. A longer chain is refused
    /// with [`Refused::ChainTooDeep`](crate::Refused::ChainTooDeep).
    pub fn chain_limit(mut self, events: u32) -> Self {
        self.settings.chain_limit = events;
        self
    }

    /// Sets how long an async handler may take for one event, its waits included, unless its
    /// subscription has a [`timeout`](crate::Subscribe::timeout): 60 seconds unless set. `None` is
    /// no limit.
    ///
    /// Over it, the future of the handler is dropped at the point where it waits, as `timeout` says
    /// in detail. The limit costs a handler nothing: one thread of the process looks for late ones.
    /// So it follows real time, also where tokio's clock is paused, needs no timers in the runtime,
    /// and is late by about an eighth of itself or of [`slow_after`](Self::slow_after), whichever
    /// is shorter. A handler that blocks its thread, as a sync one does, cannot be ended: it is
    /// only named by `slow_after`.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use bus_core::{EventBus, Outcome};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bus_core::BuildError> {
    /// let bus = EventBus::builder().handler_timeout(Duration::from_millis(20)).build()?;
    /// let _hangs = bus.subscribe_any().handle(async |_| std::future::pending::<()>().await);
    /// let receipt = bus.stream("desk").emit_dynamic("asked", serde_json::json!({})).await;
    /// assert_eq!(*receipt.problems()[0].outcome(), Outcome::TimedOut);
    /// # Ok(()) }
    /// ```
    pub fn handler_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.settings.handler_timeout = limit.into();
        self
    }

    /// Sets how long a handler may run before a warning names it, while it still runs: 5 seconds
    /// unless set. The warning is late by about an eighth of that. Zero turns it off.
    pub fn slow_after(mut self, threshold: Duration) -> Self {
        self.settings.slow_after = threshold;
        self
    }

    /// Sets how many bytes the JSON of a payload may have; a larger one is refused with
    /// [`Refused::TooLarge`](crate::Refused::TooLarge). Unless set, nothing is measured. With a
    /// limit, each event is written as JSON once more when it is published.
    pub fn max_event_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_event_bytes = Some(bytes);
        self
    }

    /// Sets the runtime of async handlers. Unless set, a handler runs on the runtime in which it
    /// was subscribed.
    pub fn runtime(mut self, runtime: Handle) -> Self {
        self.settings.runtime = Some(runtime);
        self
    }

    /// Sets the source of the times of events. Unless set, it is the system's clock, at no cost for
    /// this choice. Timeouts and the slow warning do not follow it.
    ///
    /// With [`run`](Self::run) the output of a program is the same each time, so that a test can
    /// compare it with a file; [`testing::builder`](crate::testing::builder) sets both.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bus_core::BuildError> {
    /// let noon = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    /// let bus = bus_core::EventBus::builder().clock(move || noon).build()?;
    /// bus.stream("desk").emit_dynamic("asked", serde_json::json!({})).await;
    /// assert_eq!(bus.history().collect()[0].timestamp(), noon);
    /// # Ok(()) }
    /// ```
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.settings.clock = Some(Arc::new(clock));
        self
    }

    /// Sets the number of this run, which is the first half of every id. Unless set, it is random,
    /// and no other run has it: a reader that resumes learns from it that its position is in
    /// another run. So a fixed one is for tests. It must not be 0.
    pub fn run(mut self, number: u64) -> Self {
        self.run = Some(number);
        self
    }

    /// Registers the events of a definition. With the feature `inventory` all linked definitions
    /// are registered without it. A typed emit or subscription registers its own kind.
    pub fn events<D: AgentEvent>(mut self) -> Self {
        self.registrations.push(D::REGISTRATION);
        self
    }

    /// Prefers the events of this definition over those of another linked one with a kind or an
    /// alias of the same name, such as another version of the same crate. The bus leaves the other
    /// events of that name out: emitting or subscribing to one is refused, with the reason.
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

    /// Leaves out definitions that are only linked. The bus then knows those of
    /// [`events`](Self::events) and [`prefer`](Self::prefer), and the kinds that are emitted or
    /// subscribed to by type.
    pub fn without_linked(mut self) -> Self {
        self.linked = false;
        self
    }

    /// Makes the bus.
    ///
    /// # Errors
    /// If two definitions declare the same kind: the error names both. If
    /// [`max_concurrent_handlers`](Self::max_concurrent_handlers), [`run`](Self::run) or
    /// [`handler_timeout`](Self::handler_timeout) is 0. If the store cannot begin a run.
    pub fn build(self) -> Result<EventBus, BuildError> {
        let Self { settings, observer, store, interceptors, registrations, preferred, .. } = self;
        let (linked, run, close) = (self.linked, self.run, self.close_unrecorded);
        if settings.max_concurrent_handlers == 0 {
            return Err(BuildError::ZeroLimit("max_concurrent_handlers"));
        }
        if run == Some(0) {
            return Err(BuildError::ZeroLimit("run"));
        }
        if settings.handler_timeout == Some(Duration::ZERO) {
            return Err(BuildError::ZeroLimit("handler_timeout"));
        }
        let mut all = if linked { crate::payload::linked() } else { Vec::new() };
        all.extend(registrations.into_iter().chain(preferred.iter().copied()));
        let catalogue = Catalogue::of(all, &preferred).map_err(BuildError::DuplicateKinds)?;
        let interceptors =
            interceptors.into_iter().map(|(name, call)| Interceptor::new(name, call)).collect();
        let run = run.unwrap_or_else(crate::event::new_run);
        if let Some(store) = &store {
            store.begin(run).map_err(BuildError::Store)?;
        }
        let core = Core::new(run, settings, observer, store, close, interceptors, catalogue);
        Ok(EventBus { core })
    }
}

impl std::fmt::Debug for EventBusBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { settings, observer, interceptors, .. } = self;
        f.debug_struct("EventBusBuilder")
            .field("history", &settings.history)
            .field("max_concurrent_handlers", &settings.max_concurrent_handlers)
            .field("handler_timeout", &settings.handler_timeout)
            .field("observed", &observer.is_some())
            .field("interceptors", &interceptors.len())
            .finish_non_exhaustive()
    }
}
