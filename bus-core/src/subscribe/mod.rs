//! Subscribing: the events that are wanted, and a way to receive them.
//!
//! A [`Subscribe`] collects filters and settings and ends in one of four ways:
//! [`handle`](Subscribe::handle) with an async closure, [`handle_sync`](Subscribe::handle_sync)
//! with a closure that is called on the publishing thread, [`into_stream`](Subscribe::into_stream)
//! to read, and [`first`](Subscribe::first) to wait for one event.

mod add;
mod first;
mod guard;
mod handle;
mod reader;
mod stream;

use std::marker::PhantomData;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

pub use first::{First, FirstWithin};
pub use guard::Subscription;
pub use stream::EventStream;

use crate::bus::EventBus;
use crate::delivery::{Callbacks, Kinds, Lagged, OnLag, Overflow, Predicate, Wanted};
use crate::event::{AnyKind, Event, EventId};
use crate::payload::EventSet;
use crate::scope::Id;

/// A subscription that has not begun yet.
///
/// ```standalone_crate
/// use bus_core::{AgentEvent, Event, EventBus};
///
/// #[derive(AgentEvent)]
/// enum BuildEvents {
///     TargetStarted { target: String },
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let bus = EventBus::new();
/// let guard = bus
///     .subscribe::<TargetStarted>()
///     .node("planner")
///     .filter(|event| event.target != "docs")
///     .name("log")
///     .handle_sync(|event| println!("{} began", event.target));
/// bus.stream("desk").node("planner").emit_target_started("app").await;
/// drop(guard); // ends the subscription
/// # }
/// ```
#[must_use = "a subscription begins with `handle`, `handle_sync`, `into_stream` or `first`"]
pub struct Subscribe<S> {
    pub(crate) bus: EventBus,
    pub(crate) plan: Plan,
    set: PhantomData<fn() -> S>,
}

/// The parts of a subscription, for any type of event.
pub(crate) struct Plan {
    pub(crate) kinds: Kinds,
    pub(crate) wanted: Wanted,
    pub(crate) predicates: Callbacks<Predicate>,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) capacity: usize,
    pub(crate) hard_limit: Option<usize>,
    pub(crate) overflow: Option<Overflow>,
    pub(crate) concurrency: usize,
    pub(crate) timeout: Option<Duration>,
    pub(crate) since: Option<EventId>,
    pub(crate) on_lag: Callbacks<OnLag>,
    pub(crate) location: &'static Location<'static>,
}

/// How many events wait for a subscription unless `capacity` is set.
const CAPACITY: usize = 1_024;

/// A queue that may exceed its capacity holds at most this many times as much, unless `hard_limit`
/// is set.
const HARD: usize = 16;

impl EventBus {
    /// Begins a subscription to a payload, a tuple of payloads, or a definition.
    #[track_caller]
    pub fn subscribe<S: EventSet>(&self) -> Subscribe<S> {
        Subscribe::new(self.clone(), Kinds::Declared(S::descriptors()), Location::caller())
    }

    /// Begins a subscription to everything, declared or not; [`kinds`](Subscribe::kinds) narrows it
    /// by name.
    #[track_caller]
    pub fn subscribe_any(&self) -> Subscribe<AnyKind> {
        Subscribe::new(self.clone(), Kinds::Any, Location::caller())
    }

    /// Begins a wait for the next event of a set in any scope: the short form of
    /// [`subscribe`](Self::subscribe) and [`first`](Subscribe::first), between which filters go.
    ///
    /// ```standalone_crate
    /// # use bus_core::{AgentEvent, EventBus};
    /// # #[derive(AgentEvent)]
    /// # enum BuildEvents { BuildFinished { ok: bool } }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bus_core::WaitError> {
    /// let bus = EventBus::new();
    /// let done = bus.wait_for::<BuildFinished>();
    /// bus.stream("desk").emit_build_finished(true).await;
    /// assert!(done.await?.ok);
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn wait_for<S: EventSet>(&self) -> First<S> {
        self.subscribe::<S>().first()
    }
}

impl<S> Subscribe<S> {
    fn new(bus: EventBus, kinds: Kinds, location: &'static Location<'static>) -> Self {
        let plan = Plan {
            kinds,
            wanted: Wanted::default(),
            predicates: Callbacks::default(),
            name: None,
            capacity: CAPACITY,
            hard_limit: None,
            overflow: None,
            concurrency: 1,
            timeout: None,
            since: None,
            on_lag: Callbacks::default(),
            location,
        };
        Self { bus, plan, set: PhantomData }
    }

    /// Selects events of this stream.
    pub fn stream(mut self, id: impl Into<String>) -> Self {
        self.plan.wanted.stream = Some(Id::new(id));
        self
    }

    /// Selects events of this node.
    pub fn node(mut self, id: impl Into<String>) -> Self {
        self.plan.wanted.node = Some(Id::new(id));
        self
    }

    /// Selects events of this execution.
    pub fn execution(mut self, id: impl Into<String>) -> Self {
        self.plan.wanted.execution = Some(Id::new(id));
        self
    }

    /// Selects events with this correlation.
    pub fn correlation(mut self, id: impl Into<String>) -> Self {
        self.plan.wanted.correlation = Some(Id::new(id));
        self
    }

    /// Selects events with this attribute.
    pub fn attribute(mut self, name: &str, value: impl Into<String>) -> Self {
        self.plan.wanted.set_attribute(name, Id::new(value));
        self
    }

    /// Selects events for which this returns true. It runs on the publishing thread, for every
    /// event that passes the other filters: an equality filter is faster. It is asked before the
    /// event has its position: `seq` is 0 there, except for the past events of `since`. A filter
    /// that panics rejects the event.
    pub fn filter(mut self, wanted: impl Fn(&Event<S>) -> bool + Send + Sync + 'static) -> Self
    where
        S: 'static,
    {
        self.plan.predicates.push(Arc::new(move |event| wanted(&event.clone().assume())));
        self
    }

    /// Sets its name in receipts, stats and logs. The default is the handler's path, or its
    /// location in the code.
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.plan.name = Some(name.into());
        self
    }

    /// Sets how many events may wait for it: 1,024 unless set, at least 1.
    pub fn capacity(mut self, events: usize) -> Self {
        self.plan.capacity = events.max(1);
        self
    }

    /// Sets how many events may wait if a queue may exceed its capacity ([`Overflow::Wait`],
    /// `critical` events): 16 times the capacity unless set.
    pub fn hard_limit(mut self, events: usize) -> Self {
        self.plan.hard_limit = Some(events);
        self
    }

    /// Sets the policy for events beyond the capacity: [`Overflow::Wait`] for handlers and
    /// [`Overflow::DropOldest`] for streams unless set.
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.plan.overflow = Some(overflow);
        self
    }

    /// Sets how many events an async handler may handle at once: 1 unless set. With more they begin
    /// in order, and end in any.
    pub fn concurrency(mut self, events: usize) -> Self {
        self.plan.concurrency = events.max(1);
        self
    }

    /// Sets how long an async handler may take for one event before it is dropped at the point
    /// where it waits. The default is the one of the builder.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.plan.timeout = Some(limit);
        self
    }

    /// Begins after this event: first the events of history, oldest first, then live ones without a
    /// gap. Events that history no longer holds come as [`Lagged`] before everything, and so does
    /// the cursor of another run of the bus, for which nobody can know what is missing.
    pub fn since(mut self, cursor: EventId) -> Self {
        self.plan.since = Some(cursor);
        self
    }

    /// Sets a function that is called when a handler missed events, before the next event it gets.
    /// Without it a warning is logged.
    pub fn on_lag(mut self, report: impl Fn(Lagged) + Send + Sync + 'static) -> Self {
        self.plan.on_lag = Callbacks::default();
        self.plan.on_lag.push(Arc::new(report));
        self
    }
}

impl Subscribe<AnyKind> {
    /// Selects events of these kinds, declared or not; an alias is as good as the kind.
    pub fn kinds<K: AsRef<str>>(mut self, kinds: impl IntoIterator<Item = K>) -> Self {
        let catalogue = self.bus.core.catalogue();
        let mut names: Vec<Arc<str>> = Vec::new();
        for kind in kinds {
            let name = catalogue.get(kind.as_ref()).map_or(kind.as_ref(), |event| event.kind);
            if !names.iter().any(|known| **known == *name) {
                names.push(name.into());
            }
        }
        self.plan.kinds = Kinds::Named(names);
        self
    }
}

impl Plan {
    pub(crate) fn hard_limit(&self) -> usize {
        self.hard_limit.unwrap_or_else(|| self.capacity.saturating_mul(HARD)).max(self.capacity)
    }
}
