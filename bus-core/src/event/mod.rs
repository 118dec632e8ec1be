//! The events of subscribers: cheap shared handles to immutable events.
//!
//! [`Event<S>`] has the set of its possible payloads in its type and derefs to the payload if that
//! set is one type. [`AnyEvent`] is the same with the type erased. Each is one reference-counted
//! pointer: cloning it copies no payload.

mod foreign;
mod id;
mod json;
mod read;
mod stored;

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;
use std::time::SystemTime;

pub use id::{EventId, InvalidEventId};
pub use read::ReadEvent;

pub(crate) use foreign::Foreign;
pub(crate) use id::new_run;
#[cfg(test)]
pub(crate) use json::Decoded;
pub(crate) use json::FromJson;
pub(crate) use stored::{Again, Body, Head, Kind, KindRef, Link, Origin, Root, Stored, Typed};

use crate::payload::{AgentEvent, DecodeError, Descriptor, EventSet, Payload};
use crate::scope::Scope;

/// The id of one subscription of one bus. The bus never reuses an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(transparent)]
pub struct SubscriptionId(pub(crate) u64);

impl fmt::Display for SubscriptionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sub-{}", self.0)
    }
}

/// The set of all events, declared or not: [`AnyEvent`] is an [`Event`] of it.
#[derive(Debug, Clone, Copy)]
pub enum AnyKind {}

/// A published event of any kind.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let bus = bus_core::EventBus::new();
/// bus.stream("desk").emit_dynamic("vendor_kind", serde_json::json!({ "answer": 42 })).await;
/// let event = &bus.history().collect()[0];
/// assert_eq!(event.kind(), "vendor_kind");
/// assert_eq!(event.stream(), "desk");
/// # }
/// ```
pub type AnyEvent = Event<AnyKind>;

/// A published event whose payload belongs to `S`: one payload type, a tuple of them, a definition,
/// or any kind ([`AnyEvent`]).
///
/// For one payload type it derefs to the payload; for a definition there is [`view`](Self::view).
///
/// ```standalone_crate
/// # use bus_core::{AgentEvent, Event, EventBus};
/// # #[derive(AgentEvent)]
/// # enum BuildEvents { TargetStarted { target: String } }
/// async fn on_start(event: Event<TargetStarted>) {
///     println!("{} began at {:?}", event.target, event.timestamp());
/// }
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let bus = EventBus::new();
/// let _guard = bus.subscribe::<TargetStarted>().handle(on_start);
/// bus.stream("desk").emit_target_started("app").await;
/// # }
/// ```
pub struct Event<S = AnyKind> {
    stored: Arc<Stored>,
    /// 0 if it came through none.
    via: u64,
    set: PhantomData<fn() -> S>,
}

impl Event {
    #[inline]
    pub(crate) fn new(stored: Arc<Stored>) -> Self {
        Self { stored, via: 0, set: PhantomData }
    }

    /// Another handle of an event.
    #[inline]
    pub(crate) fn of(stored: &Arc<Stored>) -> Self {
        Self::new(Arc::clone(stored))
    }
}

impl<S> Event<S> {
    /// Trusts the routing table that the payload belongs to `T`.
    #[inline]
    pub(crate) fn assume<T>(self) -> Event<T> {
        Event { stored: self.stored, via: self.via, set: PhantomData }
    }

    #[inline]
    pub(crate) fn set_through(&mut self, subscription: SubscriptionId) {
        self.via = subscription.0;
    }

    #[inline]
    pub(crate) fn through(mut self, subscription: SubscriptionId) -> Self {
        self.via = subscription.0;
        self
    }

    pub(crate) fn head(&self) -> &Head {
        &self.stored.head
    }

    pub(crate) fn body(&self) -> &dyn Body {
        &self.stored.body
    }

    pub(crate) fn kind_ref(&self) -> KindRef<'_> {
        self.stored.body.kind()
    }

    /// This event as the next link of a causal chain.
    pub(crate) fn link(&self) -> Arc<Link> {
        let head = self.head();
        Arc::new(Link {
            kind: self.kind_ref().to_owned(),
            id: self.id(),
            foreign: head.foreign_id(),
            depth: head.depth(),
            parent: head.cause.clone(),
        })
    }

    /// The event itself, where this is its only handle: before it is published.
    pub(crate) fn stored_mut(&mut self) -> Option<&mut Stored> {
        Arc::get_mut(&mut self.stored)
    }

    pub(crate) fn stored(&self) -> &Arc<Stored> {
        &self.stored
    }

    #[inline]
    pub(crate) fn into_stored(self) -> Arc<Stored> {
        self.stored
    }

    /// Returns the same event with its type erased.
    #[inline]
    pub fn into_any(self) -> AnyEvent {
        self.assume()
    }

    /// Returns the same event as one of the set `T`.
    ///
    /// # Errors
    /// The event itself, unchanged, if its payload does not belong to `T`.
    pub fn typed<T: EventSet>(self) -> Result<Event<T>, Self> {
        let held = self.body().as_any().map(std::any::Any::type_id);
        let fits =
            held.is_some_and(|held| T::descriptors().iter().any(|descriptor| descriptor.type_id() == held));
        if fits { Ok(self.assume()) } else { Err(self) }
    }

    /// Returns the name of the kind on the wire.
    pub fn kind(&self) -> &str {
        self.kind_ref().as_str()
    }

    /// Returns the id of the event: the bus run that first published it, and its position there. It
    /// stays the same when the event is published again. To resume, use [`cursor`](Self::cursor).
    #[inline]
    pub fn id(&self) -> EventId {
        self.head().id()
    }

    /// Returns the id that another system gave the event, if it came from one: a UUID, say.
    /// It is written back as it was read. [`id`](Self::id) is then one that stands for it,
    /// the same in every process, and [`causation`](Self::causation) finds it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bus_core::wire::ReadError> {
    /// let line = |id: &str, cause: &str| format!(
    ///     r#"{{"type":"step","stream_id":"s","timestamp":"2026-11-22T06:14:08","id":"{id}",
    ///     "causation_id":{cause}}}"#
    /// );
    /// let bus = bus_core::EventBus::new();
    /// let uuid = "0198c1b2-7dec-71d0-a765-00a0c91e6bf6";
    /// bus.republish(bus.read_json(&line(uuid, "null"))?).await;
    /// bus.republish(bus.read_json(&line("step-2", &format!("\"{uuid}\"")))?).await;
    /// let events = bus.history().oldest_first().collect();
    /// assert_eq!(events[0].foreign_id().as_deref(), Some(uuid));
    /// assert_eq!(events[1].causation(), Some(events[0].id()));
    /// assert!(events[1].to_json().contains(r#""id":"step-2""#));
    /// # Ok(()) }
    /// ```
    pub fn foreign_id(&self) -> Option<String> {
        self.head().foreign()?.id.as_deref().map(foreign::text)
    }

    /// Returns the position of the event in the log of the bus that it came from:
    /// `<run of that bus>-<seq>`.
    ///
    /// It equals [`id`](Self::id), unless the event was republished or imported: then the id is the
    /// position in the log of the first bus, and the cursor the one in the log of this bus. A
    /// subscription resumes from the cursor.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let (local, central) = (bus_core::EventBus::new(), bus_core::EventBus::new());
    /// local.stream("desk").emit_dynamic("vendor_kind", serde_json::json!({ "answer": 42 })).await;
    /// let born = local.history().collect().remove(0);
    /// assert_eq!(born.cursor(), born.id());
    ///
    /// central.stream("desk").emit_dynamic("vendor_kind", serde_json::json!({})).await;
    /// central.republish(born.clone()).await;
    /// let again = central.history().limit(1).collect().remove(0);
    /// assert_eq!(again.id(), born.id());
    /// assert_eq!(again.cursor().seq(), 2);
    /// # }
    /// ```
    #[inline]
    pub fn cursor(&self) -> EventId {
        self.head().cursor()
    }

    /// Returns the position in the order of the bus that published it: every event has a greater
    /// one than the event before.
    #[inline]
    pub fn seq(&self) -> u64 {
        self.head().seq()
    }

    /// Returns the time of publishing; for a republished event that of the first time.
    pub fn timestamp(&self) -> SystemTime {
        self.head().at
    }

    /// Returns the scope that it happened in.
    #[inline]
    pub fn scope(&self) -> &Scope {
        &self.head().scope
    }

    /// Returns the stream.
    pub fn stream(&self) -> &str {
        self.scope().stream()
    }

    /// Returns the node, if it has one.
    pub fn node(&self) -> Option<&str> {
        self.scope().node()
    }

    /// Returns the execution, if it has one.
    pub fn execution(&self) -> Option<&str> {
        self.scope().execution()
    }

    /// Returns the execution that began its execution, if it has one.
    pub fn parent_execution(&self) -> Option<&str> {
        self.scope().parent_execution()
    }

    /// Returns the correlation with related events, if it has one.
    pub fn correlation(&self) -> Option<&str> {
        self.scope().correlation()
    }

    /// Returns an open attribute of its scope.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.scope().attribute(name)
    }

    /// Returns whether it was read from the store of the bus: its `redact` fields are redacted
    /// then. See [`Subscribe::since`](crate::Subscribe::since).
    pub fn is_archived(&self) -> bool {
        self.stored.head.origin.as_ref().is_some_and(|origin| origin.archived)
    }

    /// Returns the event whose handler emitted this one.
    pub fn causation(&self) -> Option<EventId> {
        let head = self.head();
        let kept = head.origin.as_ref().and_then(|origin| origin.causation);
        kept.or_else(|| head.cause.as_ref().map(|link| link.id))
    }

    /// Returns the version of the payload's schema; `None` for an undeclared kind without one.
    pub fn version(&self) -> Option<u32> {
        self.body().version()
    }

    /// Returns the subscription that it came through; `None` for an event from history.
    pub fn subscription(&self) -> Option<SubscriptionId> {
        (self.via != 0).then_some(SubscriptionId(self.via))
    }

    /// Returns the payload if it is a `P`.
    pub fn payload<P: Payload>(&self) -> Option<&P> {
        self.body().as_any()?.downcast_ref()
    }

    /// Returns whether its payload is a `P`.
    ///
    /// ```standalone_crate
    /// # use bus_core::{AgentEvent, EventBus};
    /// # #[derive(AgentEvent)]
    /// # enum BuildEvents { TargetStarted { target: String }, BuildFinished { ok: bool } }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let bus = EventBus::new();
    /// bus.stream("desk").emit_build_finished(true).await;
    /// let event = &bus.history().collect()[0];
    /// assert!(event.is::<BuildFinished>() && !event.is::<TargetStarted>());
    /// # }
    /// ```
    pub fn is<P: Payload>(&self) -> bool {
        self.payload::<P>().is_some()
    }

    /// Returns the view of one definition file if the event belongs to it.
    pub fn view_as<D: AgentEvent>(&self) -> Option<D::View<'_>> {
        D::view(self.body().payload()?)
    }

    /// Returns the catalogue's entry for its kind; `None` for an undeclared kind.
    pub fn descriptor(&self) -> Option<&'static Descriptor> {
        self.kind_ref().descriptor()
    }

    /// Returns the error of reading `data` into the type of its kind, if there was one.
    pub fn decode_error(&self) -> Option<&DecodeError> {
        self.body().decode_error()
    }
}

impl<D: AgentEvent> Event<D> {
    /// Returns the event as the definition's view, for an exhaustive `match`.
    ///
    /// # Panics
    /// Only if two copies of the crate that declares the definition are linked, and events of one
    /// reach a subscription of the other.
    #[expect(
        clippy::expect_used,
        reason = "the routing table only hands out events whose payload belongs to the definition"
    )]
    pub fn view(&self) -> D::View<'_> {
        self.view_as::<D>().expect("an event of this definition holds one of its payloads")
    }
}

impl<P: Payload> Deref for Event<P> {
    type Target = P;

    #[expect(clippy::expect_used, reason = "the routing table only hands out events whose payload is a `P`")]
    fn deref(&self) -> &P {
        self.payload().expect("an event of this type holds its payload")
    }
}

impl<S> Clone for Event<S> {
    fn clone(&self) -> Self {
        Self { stored: Arc::clone(&self.stored), via: self.via, set: PhantomData }
    }
}

impl<S> fmt::Debug for Event<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.stored.fmt(f)
    }
}
