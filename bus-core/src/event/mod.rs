//! What a subscriber gets: a cheap shared handle to an event that nobody can change.
//!
//! [`Event<S>`] knows the set of payloads it can hold and derefs to the payload where that set is one type. [`AnyEvent`] is the same with the type erased. Either
//! is one reference-counted pointer: cloning it copies no payload.

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

pub(crate) use id::new_run;
#[cfg(test)]
pub(crate) use json::Decoded;
pub(crate) use json::FromJson;
pub(crate) use stored::{Again, Body, Head, Kind, KindRef, Link, Origin, Root, Stored, Typed};

use crate::payload::{AgentEvent, DecodeError, Descriptor, EventSet, Payload};
use crate::scope::Scope;

/// Names one subscription of one bus, for as long as the bus lives: ids are not used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(transparent)]
pub struct SubscriptionId(pub(crate) u64);

impl fmt::Display for SubscriptionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sub-{}", self.0)
    }
}

/// The set of all events, declared or not: what [`AnyEvent`] is an [`Event`] of.
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

/// A published event whose payload belongs to `S`: one payload type, a tuple of them, a definition, or anything ([`AnyEvent`]).
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
    /// 0 where it came through none.
    via: u64,
    set: PhantomData<fn() -> S>,
}

impl Event {
    #[inline]
    pub(crate) fn new(stored: Arc<Stored>) -> Self {
        Self { stored, via: 0, set: PhantomData }
    }

    /// One more handle of an event.
    #[inline]
    pub(crate) fn of(stored: &Arc<Stored>) -> Self {
        Self::new(Arc::clone(stored))
    }
}

impl<S> Event<S> {
    /// Takes the word of the routing table that the payload belongs to `T`.
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

    /// This event as the next step of a causal chain.
    pub(crate) fn link(&self) -> Arc<Link> {
        let head = self.head();
        Arc::new(Link {
            kind: self.kind_ref().to_owned(),
            id: self.id(),
            depth: head.depth(),
            parent: head.cause.clone(),
        })
    }

    pub(crate) fn stored(&self) -> &Arc<Stored> {
        &self.stored
    }

    #[inline]
    pub(crate) fn into_stored(self) -> Arc<Stored> {
        self.stored
    }

    /// The same event with its type erased.
    #[inline]
    pub fn into_any(self) -> AnyEvent {
        self.assume()
    }

    /// The same event as one of the set `T`, where its payload belongs to that set.
    ///
    /// # Errors
    /// The event itself, unchanged, where its payload does not belong to `T`.
    pub fn typed<T: EventSet>(self) -> Result<Event<T>, Self> {
        let held = self.body().as_any().map(std::any::Any::type_id);
        let fits =
            held.is_some_and(|held| T::descriptors().iter().any(|descriptor| descriptor.type_id() == held));
        if fits { Ok(self.assume()) } else { Err(self) }
    }

    /// The name of the kind on the wire.
    pub fn kind(&self) -> &str {
        self.kind_ref().as_str()
    }

    /// The name of the event: the bus run that first published it, and its position there. It stays
    /// the same wherever the event is published again. To resume from, use [`cursor`](Self::cursor).
    #[inline]
    pub fn id(&self) -> EventId {
        self.head().id()
    }

    /// The position of the event in the log of the bus that it came from: `<run of that bus>-<seq>`.
    ///
    /// It equals [`id`](Self::id), unless the event was republished or imported: then the id says
    /// where the event was born, and the cursor where it is now. It is what a subscription
    /// resumes from.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let (local, central) = (bus_core::EventBus::new(), bus_core::EventBus::new());
    /// local.stream("desk").emit_dynamic("vendor_kind", serde_json::json!({ "answer": 42 })).await;
    /// let born = local.history().collect().remove(0);
    /// assert_eq!(born.cursor(), born.id());
    ///
    /// central.stream("desk").emit_dynamic("vendor_kind", serde_json::json!({ "answer": 41 })).await;
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

    /// The place in the order of the bus that published it: every event has a greater one than the event before.
    #[inline]
    pub fn seq(&self) -> u64 {
        self.head().seq()
    }

    /// When it was published; for a republished event when it first was.
    pub fn timestamp(&self) -> SystemTime {
        self.head().time()
    }

    /// Where it happened.
    #[inline]
    pub fn scope(&self) -> &Scope {
        &self.head().scope
    }

    /// The stream it happened in.
    pub fn stream(&self) -> &str {
        self.scope().stream()
    }

    /// The node it happened at, where it has one.
    pub fn node(&self) -> Option<&str> {
        self.scope().node()
    }

    /// The execution it belongs to, where it has one.
    pub fn execution(&self) -> Option<&str> {
        self.scope().execution()
    }

    /// What ties it to related events, where it has that.
    pub fn correlation(&self) -> Option<&str> {
        self.scope().correlation()
    }

    /// An open attribute of its scope.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.scope().attribute(name)
    }

    /// The event whose handler emitted this one.
    pub fn causation(&self) -> Option<EventId> {
        let head = self.head();
        let kept = head.origin.as_ref().and_then(|origin| origin.causation);
        kept.or_else(|| head.cause.as_ref().map(|link| link.id))
    }

    /// The version of the payload's schema; `None` for a kind that nobody declared and that came without one.
    pub fn version(&self) -> Option<u32> {
        self.body().version()
    }

    /// The subscription it came through; `None` for an event from history.
    pub fn subscription(&self) -> Option<SubscriptionId> {
        (self.via != 0).then_some(SubscriptionId(self.via))
    }

    /// The payload, where it is a `P`.
    pub fn payload<P: Payload>(&self) -> Option<&P> {
        self.body().as_any()?.downcast_ref()
    }

    /// The view of one definition file, where the event belongs to it.
    pub fn view_as<D: AgentEvent>(&self) -> Option<D::View<'_>> {
        D::view(self.body().payload()?)
    }

    /// What the catalogue says of its kind; `None` for a kind that no definition declares.
    pub fn descriptor(&self) -> Option<&'static Descriptor> {
        match self.kind_ref() {
            KindRef::Declared(descriptor) => Some(descriptor),
            KindRef::Open(_) => None,
        }
    }

    /// Why `data` could not be read into the type that its kind declares, where it could not.
    pub fn decode_error(&self) -> Option<&DecodeError> {
        self.body().decode_error()
    }
}

impl<D: AgentEvent> Event<D> {
    /// The event as the definition's view, for an exhaustive `match`.
    ///
    /// # Panics
    /// Never, unless two copies of the crate that declares the definition are linked and events of one reach a subscription of the other.
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
