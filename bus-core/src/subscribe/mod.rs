//! Subscribing: what is wanted, and a way to receive it.
//!
//! A [`Subscribe`] collects filters and settings. One of these methods ends it:
//! [`handle`](Subscribe::handle) with an async closure, [`handle_sync`](Subscribe::handle_sync)
//! with a closure that runs on the publishing thread, [`reply`](Subscribe::reply) and
//! [`reply_sync`](Subscribe::reply_sync) with a closure that answers,
//! [`into_stream`](Subscribe::into_stream) to read events, and [`first`](Subscribe::first) to wait
//! for one event.

mod add;
mod batch;
mod dedicated;
mod filters;
mod first;
mod guard;
mod handle;
mod live;
mod past;
mod reader;
mod reply;
mod route;
mod stream;
mod with;

use std::marker::PhantomData;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

pub use batch::{Batches, Single};
pub use first::{First, FirstWithin};
pub use guard::Subscription;
pub use live::CaughtUp;
pub use reply::IntoReply;
pub use stream::{EventStream, EventsAndGaps};
pub use with::With;

use crate::bus::EventBus;
use crate::delivery::{Batching, Bounds, Callback, Callbacks, Kinds, Overflow, Predicate, Wanted, name_of};
use crate::error::SubscribeError;
use crate::event::AnyKind;
use crate::filter::Filter;
use crate::payload::EventSet;
use crate::since::Since;
use past::ConsumerPlan;

/// A builder of a subscription: filters and settings.
///
/// Nothing is subscribed until [`handle`](Self::handle), [`handle_sync`](Self::handle_sync),
/// [`reply`](Self::reply), [`reply_sync`](Self::reply_sync), [`into_stream`](Self::into_stream) or
/// [`first`](Self::first) is called. Filters of different names must all fit. Several values of one
/// name mean any of them:
/// `.execution("a").execution("b").node("planner")` takes the planner's events of both executions.
/// Closures of [`filter`](Self::filter) must all return true.
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
pub struct Subscribe<S, T = (), M = Single> {
    pub(crate) bus: EventBus,
    pub(crate) plan: Plan,
    /// The state of [`with`](Self::with).
    state: T,
    /// How many events a call has.
    mode: M,
    set: PhantomData<fn() -> S>,
}

/// The settings of a subscription, whatever receives its events.
#[expect(clippy::struct_excessive_bools, reason = "independent settings, read one by one")]
pub(crate) struct Plan {
    pub(crate) kinds: Kinds,
    pub(crate) wanted: Wanted,
    pub(crate) matching: Vec<Filter>,
    pub(crate) predicates: Callbacks<Predicate>,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) capacity: Option<usize>,
    pub(crate) capacity_bytes: Option<usize>,
    pub(crate) hard_limit: Option<usize>,
    pub(crate) overflow: Option<Overflow>,
    pub(crate) concurrency: usize,
    pub(crate) timeout: Option<Duration>,
    /// Whether the timeout is that of the bus.
    pub(crate) watched: bool,
    pub(crate) since: Since,
    pub(crate) with_latest: bool,
    pub(crate) answers: bool,
    pub(crate) dedicated: bool,
    pub(crate) batch: Option<Arc<Batching>>,
    pub(crate) callbacks: Callbacks<Callback>,
    consumer: ConsumerPlan,
    accepts_redacted: bool,
    recorded_only: bool,
    pub(crate) location: &'static Location<'static>,
}

/// The past that a subscription begins with.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Begin {
    /// The events of history from there on.
    Since(Since),
    /// The latest values.
    Latest,
}

/// The capacity of a queue unless `capacity` sets it.
const CAPACITY: usize = 1_024;

/// The estimated memory of a dedicated handler's queue unless `capacity_bytes` sets it.
const BYTES: usize = 64 << 20;

/// The hard limit is this many times the capacity unless `hard_limit` sets it.
const HARD: usize = 16;

impl EventBus {
    /// Begins a subscription to a payload, a tuple of payloads, or a definition.
    ///
    /// A handler of several kinds gets all of them in one order.
    #[track_caller]
    pub fn subscribe<S: EventSet>(&self) -> Subscribe<S> {
        Subscribe::new(self.clone(), Kinds::Declared(S::descriptors()), Location::caller())
    }

    /// Begins a subscription to every event, declared or not; [`kinds`](Subscribe::kinds) selects
    /// kinds by name.
    #[track_caller]
    pub fn subscribe_any(&self) -> Subscribe<AnyKind> {
        Subscribe::new(self.clone(), Kinds::Any, Location::caller())
    }

    /// Waits for the next event of a set, in any scope. It is the short form of
    /// [`subscribe`](Self::subscribe) and [`first`](Subscribe::first), for waits without a filter.
    ///
    /// # Panics
    /// If two linked definitions declare the kind.
    ///
    /// # Cancel safety
    /// Dropping the future ends the wait.
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
            matching: Vec::new(),
            predicates: Callbacks::default(),
            name: None,
            capacity: None,
            capacity_bytes: None,
            hard_limit: None,
            overflow: None,
            concurrency: 1,
            timeout: bus.core.settings.handler_timeout,
            watched: bus.core.settings.handler_timeout.is_some(),
            since: Since::Now,
            with_latest: false,
            answers: false,
            dedicated: false,
            batch: None,
            callbacks: Callbacks::default(),
            consumer: ConsumerPlan::default(),
            accepts_redacted: false,
            recorded_only: false,
            location,
        };
        Self { bus, plan, state: (), mode: Single(()), set: PhantomData }
    }
}

impl<S, T, M> Subscribe<S, T, M> {
    /// Sets the name in receipts, stats and logs. Unless set, it is the path of the handler's
    /// function, or the location of the subscription in the code.
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.plan.name = Some(name.into());
        self
    }

    /// Sets how many events may wait: 1,024 unless set, at least 1. Events of the past that
    /// [`since`](Self::since) and [`with_latest`](Self::with_latest) bring do not count.
    pub fn capacity(mut self, events: usize) -> Self {
        self.plan.capacity = Some(events.max(1));
        self
    }

    /// Sets how many events may wait where a queue may go over its capacity ([`Overflow::Wait`],
    /// `critical` events): 16 times the capacity unless set, at least the capacity.
    pub fn hard_limit(mut self, events: usize) -> Self {
        self.plan.hard_limit = Some(events);
        self
    }

    /// Sets what happens to an event that does not fit: [`Overflow::Wait`] for handlers and
    /// [`Overflow::DropOldest`] for streams unless set.
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.plan.overflow = Some(overflow);
        self
    }

    /// Sets how many events an async handler may work on at once: 1 unless set. With more, they are
    /// taken up in order, and begin and end in any order. A sync handler refuses more than 1.
    pub fn concurrency(mut self, events: usize) -> Self {
        self.plan.concurrency = events.max(1);
        self
    }

    /// Sets how long an async handler may take for one event, its waits included; `None` is no
    /// limit. Unless set, that of the bus holds:
    /// [`handler_timeout`](crate::EventBusBuilder::handler_timeout), 60 seconds.
    ///
    /// Over it, its future is dropped at the point where it waits, and the outcome is
    /// [`Outcome::TimedOut`](crate::Outcome::TimedOut) in the receipt, the stats and the log. Its
    /// permit is free, and the subscription goes on. A handler that never yields is not ended, and
    /// neither is a sync one. A limit that is set here is exact: it is a timer of the handler's
    /// runtime, which must have timers, and follows tokio's clock.
    pub fn timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        (self.plan.timeout, self.plan.watched) = (limit.into(), false);
        self
    }

    /// Sets where to begin: behind an event, with the [beginning](Since::Beginning), or at a time.
    /// First come the events that history holds, oldest first, then live events without a gap.
    ///
    /// On a bus with a [store](crate::EventBusBuilder::store) that can be read, the past is that of
    /// the whole log, also of earlier runs. It is read in pages of 256 events when the handler or
    /// the reader has nothing left, so that memory is bounded; what history still holds comes from
    /// there. A kind with `redact` fields needs [`accept_redacted`](Self::accept_redacted) then. No
    /// emit waits for a handler that has not caught up, and `close` does.
    ///
    /// Without one, if history lost events in between, the gap is reported first. It is also
    /// reported for a cursor of another run of the bus, and for one ahead of the newest event.
    /// Resume from [`Event::cursor`](crate::Event::cursor): it is the position in this bus also for
    /// republished events.
    ///
    /// ```
    /// use bus_core::Since;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let bus = bus_core::EventBus::new();
    /// bus.stream("desk").emit_dynamic("asked", serde_json::json!({})).await;
    /// bus.stream("desk").emit_dynamic("answered", serde_json::json!({})).await;
    /// let mut all = bus.subscribe_any().since(Since::Beginning).into_stream();
    /// let first = all.recv().await.unwrap();
    /// let mut rest = bus.subscribe_any().since(first.cursor()).into_stream();
    /// assert_eq!(rest.recv().await.unwrap().kind(), "answered");
    /// # }
    /// ```
    pub fn since(mut self, since: impl Into<Since>) -> Self {
        self.plan.since = since.into();
        self
    }

    /// Begins with the current values: first the newest event of each `sticky` kind in each scope,
    /// if it fits the filters, oldest first; then live events, without a gap and nothing twice.
    ///
    /// Kinds of the subscription that are not sticky begin live. A value that is replaced while the
    /// subscription is made may come before the one that replaces it. It cannot be combined with
    /// [`since`](Self::since), and at least one kind of the subscription must be sticky.
    ///
    /// ```standalone_crate
    /// # use bus_core::{AgentEvent, EventBus};
    /// # #[derive(AgentEvent)]
    /// # enum JobEvents {
    /// #[event(requires(execution), sticky)]
    /// ProgressMade { percent: u8 },
    /// # }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let bus = EventBus::new();
    /// let job = bus.stream("desk").execution("exec-1");
    /// job.emit_progress_made(10).await;
    /// job.emit_progress_made(80).await;
    /// let mut bar = bus.subscribe::<ProgressMade>().with_latest().into_stream();
    /// job.emit_progress_made(90).await;
    /// assert_eq!(bar.recv().await.unwrap().percent, 80);
    /// assert_eq!(bar.recv().await.unwrap().percent, 90);
    /// # }
    /// ```
    pub fn with_latest(mut self) -> Self {
        self.plan.with_latest = true;
        self
    }
}

impl Plan {
    /// Names the subscription after the user's handler, unless it has a name; returns it.
    fn name_after<F>(&mut self) -> Arc<str> {
        let location = self.location;
        Arc::clone(self.name.get_or_insert_with(|| name_of::<F>(location).into()))
    }

    /// Returns where the subscription begins, if not with the next event.
    pub(crate) fn begin(&self) -> Result<Option<Begin>, SubscribeError> {
        let sticky = match &self.kinds {
            Kinds::Declared(events) => events.iter().any(|event| event.policy.sticky),
            Kinds::Any | Kinds::Named(_) => true,
        };
        match (self.with_latest, self.since) {
            (true, Since::Now) if !sticky => Err(SubscribeError::NotSticky),
            (true, Since::Now) => Ok(Some(Begin::Latest)),
            (true, _) => Err(SubscribeError::LatestAndSince),
            (false, Since::Now) => Ok(None),
            (false, since) => Ok(Some(Begin::Since(since))),
        }
    }

    /// Returns the bounds of the queue. That of a dedicated handler is bounded by its bytes.
    fn bounds(&self, overflow: Overflow) -> Bounds {
        let (events, most) = if self.dedicated { (usize::MAX, BYTES) } else { (CAPACITY, usize::MAX) };
        let capacity = self.capacity.unwrap_or(events);
        let hard_limit = self.hard_limit.unwrap_or_else(|| capacity.saturating_mul(HARD)).max(capacity);
        let (bytes, overflow) = (self.capacity_bytes.unwrap_or(most), self.overflow.unwrap_or(overflow));
        Bounds { capacity, hard_limit, bytes, overflow }
    }
}
