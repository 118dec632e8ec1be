//! An event in memory: one allocation of head and body that all handles share.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use super::{EventId, Foreign};
use crate::payload::{DecodeError, Descriptor, ErasedPayload, Payload};
use crate::scope::Scope;
use crate::sync::{AtomicU64, Ordering};

/// Head and body of an event.
pub(crate) struct Stored<B: ?Sized = dyn Body> {
    pub(crate) head: Head,
    pub(crate) body: B,
}

/// The parts that every event has.
pub(crate) struct Head {
    /// The run of the bus that published it; 0 for an event that no bus published (tests).
    pub(crate) run: u64,
    /// Written once, under the order lock, before any other code sees the event.
    seq: AtomicU64,
    /// The estimated memory of the event.
    bytes: u32,
    /// When it was first published.
    pub(crate) at: SystemTime,
    pub(crate) scope: Arc<Scope>,
    /// The event whose handler emitted this one.
    pub(crate) cause: Option<Arc<Link>>,
    /// The facts from JSON or from an earlier publish.
    pub(crate) origin: Option<Box<Origin>>,
}

/// The facts that a read event keeps from its line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origin {
    pub(crate) id: Option<EventId>,
    pub(crate) seq: Option<u64>,
    pub(crate) causation: Option<EventId>,
    /// The values of another system.
    pub(crate) foreign: Option<Box<Foreign>>,
    /// It was read by a reader with a higher limit than usual, which accepts it again.
    pub(crate) large: bool,
    /// It was read from the store of the bus.
    pub(crate) archived: bool,
    /// Extra keys of the envelope that are not text: written back unchanged.
    pub(crate) extras: Vec<(Box<str>, Box<str>)>,
}

/// One link of a causal chain: a handled event, and the one that caused it.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) kind: Kind,
    pub(crate) id: EventId,
    /// The id that another system gave it, as JSON. Twice a pointer, since few links have one.
    pub(crate) foreign: Option<Box<Box<str>>>,
    /// The number of events before this one in its chain.
    pub(crate) depth: u32,
    pub(crate) parent: Option<Arc<Link>>,
}

/// A handled event without a cause, from which its [`Link`] can be made without a handle of the
/// event.
#[derive(Clone, Copy)]
pub(crate) struct Root {
    pub(crate) kind: &'static Descriptor,
    pub(crate) id: EventId,
}

impl Root {
    pub(crate) fn link(self) -> Link {
        Link { kind: Kind::Declared(self.kind), id: self.id, foreign: None, depth: 0, parent: None }
    }
}

/// Iterative, because a long chain would overflow the stack if each link dropped the one before it.
impl Drop for Link {
    fn drop(&mut self) {
        let mut parent = self.parent.take();
        while let Some(mut link) = parent.and_then(Arc::into_inner) {
            parent = link.parent.take();
        }
    }
}

/// The kind of an event: the descriptor of a declared one, the text of an open one.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Declared(&'static Descriptor),
    Open(Arc<str>),
}

/// A [`Kind`] that is borrowed from an event.
#[derive(Debug, Clone, Copy)]
pub(crate) enum KindRef<'a> {
    Declared(&'static Descriptor),
    Open(&'a Arc<str>),
}

impl Kind {
    pub(crate) fn as_ref(&self) -> KindRef<'_> {
        match self {
            Self::Declared(descriptor) => KindRef::Declared(descriptor),
            Self::Open(kind) => KindRef::Open(kind),
        }
    }
}

impl<'a> KindRef<'a> {
    pub(crate) fn as_str(self) -> &'a str {
        match self {
            Self::Declared(descriptor) => descriptor.kind,
            Self::Open(kind) => kind,
        }
    }

    pub(crate) fn descriptor(self) -> Option<&'static Descriptor> {
        match self {
            Self::Declared(descriptor) => Some(descriptor),
            Self::Open(_) => None,
        }
    }

    pub(crate) fn to_owned(self) -> Kind {
        match self {
            Self::Declared(descriptor) => Kind::Declared(descriptor),
            Self::Open(kind) => Kind::Open(Arc::clone(kind)),
        }
    }
}

impl Head {
    #[inline]
    pub(crate) fn new(run: u64, at: SystemTime, scope: Arc<Scope>, cause: Option<Arc<Link>>) -> Self {
        Self { run, seq: AtomicU64::new(0), bytes: 0, at, scope, cause, origin: None }
    }

    /// The head of an event that already has its time, with the facts from its line.
    pub(crate) fn at(at: SystemTime, scope: Arc<Scope>, origin: Option<Origin>) -> Self {
        let origin = origin.map(Box::new);
        Self { run: 0, seq: AtomicU64::new(0), bytes: 0, at, scope, cause: None, origin }
    }

    /// The head of the same event, for publishing by that run.
    pub(crate) fn again(&self, run: u64, cause: Option<Arc<Link>>, origin: Option<Box<Origin>>) -> Self {
        let scope = Arc::clone(&self.scope);
        Self { run, seq: AtomicU64::new(0), bytes: 0, at: self.at, scope, cause, origin }
    }

    #[inline]
    pub(crate) fn seq(&self) -> u64 {
        self.seq.load(Ordering::Relaxed)
    }

    /// Sets the seq of the event. Relaxed is enough, because the order lock publishes it.
    #[inline]
    pub(crate) fn stamp(&self, seq: u64) {
        self.seq.store(seq, Ordering::Relaxed);
    }

    /// Prepares the head of an event that this run is about to publish.
    pub(crate) fn renew(&mut self, run: u64, cause: Option<Arc<Link>>, origin: Option<Box<Origin>>) {
        (self.run, self.cause, self.origin) = (run, cause, origin);
        self.stamp(0);
    }

    /// The id of the event.
    #[inline]
    pub(crate) fn id(&self) -> EventId {
        self.kept_id().unwrap_or_else(|| self.cursor())
    }

    /// The position in the log of the bus that published it.
    #[inline]
    pub(crate) fn cursor(&self) -> EventId {
        EventId::new(self.run, self.seq())
    }

    /// The id of an event that was published before.
    #[inline]
    pub(crate) fn kept_id(&self) -> Option<EventId> {
        self.origin.as_ref().and_then(|origin| origin.id)
    }

    /// The values of another system, if it came from one.
    pub(crate) fn foreign(&self) -> Option<&Foreign> {
        self.origin.as_ref()?.foreign.as_deref()
    }

    /// The id that another system gave the event whose handler emitted this one, as JSON.
    pub(crate) fn foreign_cause(&self) -> Option<&str> {
        self.cause.as_ref()?.foreign.as_deref().map(|id| &**id)
    }

    /// The id that another system gave the event, for a link.
    pub(crate) fn foreign_id(&self) -> Option<Box<Box<str>>> {
        self.foreign()?.id.clone().map(Box::new)
    }

    /// The first link of a causal chain that begins with this event, if that is all that the link
    /// would have: an event that was read may have an id of another system.
    #[inline]
    pub(crate) fn as_root(&self, kind: &'static Descriptor, id: EventId) -> Option<Root> {
        (self.cause.is_none() && self.foreign().is_none()).then_some(Root { kind, id })
    }

    /// The number of events before this one in its chain.
    #[inline]
    pub(crate) fn depth(&self) -> u32 {
        self.cause.as_ref().map_or(0, |link| link.depth + 1)
    }
}

/// The content of an event: a typed payload, or text that was read.
pub(crate) trait Body: Send + Sync + 'static {
    fn kind(&self) -> KindRef<'_>;
    /// The payload as its own type, if it has one.
    fn payload(&self) -> Option<&dyn ErasedPayload>;
    /// For `downcast_ref` without a second virtual call.
    fn as_any(&self) -> Option<&dyn Any>;
    /// The text of `data` as it was read.
    fn raw(&self) -> Option<&str>;
    fn decode_error(&self) -> Option<&DecodeError>;
    /// The version of the payload's schema.
    fn version(&self) -> Option<u32>;
    /// The event that holds the payload, where this is not it.
    fn shared(&self) -> Option<&Arc<Stored>> {
        None
    }
    /// The estimated memory that it holds apart from itself, in bytes.
    fn heap_bytes(&self) -> usize;
    /// Where answers go, if its emitter waits for some.
    fn answers(&self) -> Option<&dyn Any> {
        None
    }
}

impl<B: Body> Stored<B> {
    /// Puts head and body together, and estimates the memory that the event takes.
    #[inline]
    pub(crate) fn of(mut head: Head, body: B) -> Self {
        head.bytes = u32::try_from(size_of::<Self>() + body.heap_bytes()).unwrap_or(u32::MAX);
        Self { head, body }
    }
}

impl Stored {
    /// The estimated memory of the event, in bytes.
    #[inline]
    pub(crate) fn bytes(&self) -> usize {
        self.head.bytes as usize
    }
}

/// A payload that was emitted.
pub(crate) struct Typed<P>(pub(crate) P);

impl<P: Payload> Body for Typed<P> {
    fn kind(&self) -> KindRef<'_> {
        KindRef::Declared(P::DESCRIPTOR)
    }
    fn payload(&self) -> Option<&dyn ErasedPayload> {
        Some(&self.0)
    }
    fn as_any(&self) -> Option<&dyn Any> {
        Some(&self.0)
    }
    fn raw(&self) -> Option<&str> {
        None
    }
    fn decode_error(&self) -> Option<&DecodeError> {
        None
    }
    fn version(&self) -> Option<u32> {
        Some(P::DESCRIPTOR.version)
    }
    #[inline]
    fn heap_bytes(&self) -> usize {
        self.0.heap_bytes()
    }
}

/// The body of an event that is published again: shared with the event that holds the payload.
///
/// That event is never one of these itself. However often an event is published again, there is one
/// step to its payload, no event keeps the earlier ones, and the last drop follows no chain.
pub(crate) struct Again(Arc<Stored>);

impl Again {
    pub(crate) fn of(stored: &Arc<Stored>) -> Self {
        Self(Arc::clone(stored.body.shared().unwrap_or(stored)))
    }
}

impl Body for Again {
    fn kind(&self) -> KindRef<'_> {
        self.0.body.kind()
    }
    fn payload(&self) -> Option<&dyn ErasedPayload> {
        self.0.body.payload()
    }
    fn as_any(&self) -> Option<&dyn Any> {
        self.0.body.as_any()
    }
    fn raw(&self) -> Option<&str> {
        self.0.body.raw()
    }
    fn decode_error(&self) -> Option<&DecodeError> {
        self.0.body.decode_error()
    }
    fn version(&self) -> Option<u32> {
        self.0.body.version()
    }
    fn shared(&self) -> Option<&Arc<Stored>> {
        Some(&self.0)
    }
    /// The other event may be held by this one only.
    fn heap_bytes(&self) -> usize {
        self.0.bytes()
    }
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Shown<'a>(&'a dyn Body);
        impl fmt::Debug for Shown<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.0.payload() {
                    Some(payload) => fmt::Debug::fmt(payload, f),
                    // Text of an undeclared kind, or text that does not fit, may have content that
                    // a declaration would have redacted.
                    None => write!(f, "({} bytes of JSON)", self.0.raw().map_or(0, str::len)),
                }
            }
        }
        f.debug_struct("Event")
            .field("kind", &self.body.kind().as_str())
            .field("id", &format_args!("{}", self.head.id()))
            .field("scope", &self.head.scope)
            .field("payload", &Shown(&self.body))
            .finish_non_exhaustive()
    }
}
