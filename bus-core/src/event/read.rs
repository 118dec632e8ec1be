//! An event that was read and that no bus of this process has published yet.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use super::foreign::text;
use super::{AnyEvent, Event, EventId, FromJson, Head, Origin, Stored};
use crate::payload::{DecodeError, Descriptor, Payload};
use crate::scope::Scope;

/// The extra key of a republished event that has the seq of another system.
const FOREIGN_SEQ: &str = "foreign_seq";

/// An event read from JSON, before it is published: it has the id and the seq of its line, if any,
/// and none of this bus.
///
/// Its `data` is kept as the text that was read and written back unchanged, so that reading loses
/// nothing: neither the keys without a field nor the digits of a number.
#[derive(Clone)]
pub struct ReadEvent {
    pub(crate) stored: Arc<Stored>,
}

impl ReadEvent {
    pub(crate) fn new(scope: Arc<Scope>, at: SystemTime, origin: Option<Origin>, body: FromJson) -> Self {
        Self { stored: Arc::new(Stored::of(Head::at(at, scope, origin), body)) }
    }

    fn origin(&self) -> Option<&Origin> {
        self.stored.head.origin.as_deref()
    }

    /// The facts that it keeps when it is published again, if any: the events of the Python runtime
    /// have none.
    pub(crate) fn to_be_kept(&self) -> Option<Box<Origin>> {
        let (id, causation) = (self.id(), self.causation());
        let kept = |origin: &Origin| (origin.extras.clone(), origin.large);
        let (mut extras, large) = self.origin().map(kept).unwrap_or_default();
        let mut foreign = self.origin().and_then(|origin| origin.foreign.clone());
        if let Some(seq) = foreign.as_mut().and_then(|foreign| foreign.seq.take()) {
            // Its own place gets the seq of this bus.
            let is_taken = extras.iter().any(|(key, _)| **key == *FOREIGN_SEQ);
            if !is_taken && self.scope().attribute(FOREIGN_SEQ).is_none() {
                extras.push((FOREIGN_SEQ.into(), seq));
            }
        }
        if let (None, Some(cause)) =
            (self.origin().and_then(|origin| origin.causation), self.stored.head.foreign_cause())
        {
            foreign.get_or_insert_default().causation = Some(cause.into());
        }
        let some = id.is_some() || causation.is_some() || !extras.is_empty() || large || foreign.is_some();
        let origin = || Origin { id, seq: None, causation, foreign, archived: false, extras, large };
        some.then(|| Box::new(origin()))
    }

    /// Makes the event of a store that it was read from: at its position, with its own id.
    pub(crate) fn archived(self, cursor: EventId) -> Arc<Stored> {
        let mut origin = self.to_be_kept().unwrap_or_default();
        origin.archived = true;
        origin.id = origin.id.filter(|id| *id != cursor);
        let mut stored = self.stored;
        if let Some(alone) = Arc::get_mut(&mut stored) {
            alone.head.renew(cursor.run(), None, Some(origin));
        }
        stored.head.stamp(cursor.seq());
        stored
    }

    /// Returns the name of the kind on the wire: the current one, if the line had an alias.
    pub fn kind(&self) -> &str {
        self.stored.body.kind().as_str()
    }

    /// Returns the scope that it happened in.
    pub fn scope(&self) -> &Scope {
        &self.stored.head.scope
    }

    /// Returns the time when it was first published.
    pub fn timestamp(&self) -> SystemTime {
        self.stored.head.at
    }

    /// Returns the id of the line; the Python runtime writes none.
    pub fn id(&self) -> Option<EventId> {
        let head = &self.stored.head;
        let kept = self.origin().and_then(|origin| origin.id);
        kept.or_else(|| (head.run != 0).then(|| EventId::new(head.run, head.seq())))
    }

    /// Returns the id of the line if another system gave it: see
    /// [`Event::foreign_id`](crate::Event::foreign_id).
    pub fn foreign_id(&self) -> Option<String> {
        self.stored.head.foreign()?.id.as_deref().map(text)
    }

    /// Returns the seq of the line, in the run that wrote it; `None` for one in another system's
    /// form.
    pub fn seq(&self) -> Option<u64> {
        let head = &self.stored.head;
        if head.run == 0 { self.origin()?.seq } else { Some(head.seq()) }
    }

    /// Returns the id of the event that caused it, from the line.
    pub fn causation(&self) -> Option<EventId> {
        let kept = self.origin().and_then(|origin| origin.causation);
        kept.or_else(|| self.stored.head.cause.as_ref().map(|link| link.id))
    }

    /// Returns the version of the payload's schema, from the line; one in another system's form
    /// (`"0.0.1"`) counts as none.
    pub fn version(&self) -> Option<u32> {
        self.stored.body.version()
    }

    /// Returns the text of `data` as it was read, unredacted and with every digit; `None` for an
    /// event that another bus published typed.
    pub fn raw_data(&self) -> Option<&str> {
        self.stored.body.raw()
    }

    /// Returns the payload if it is a `P`.
    pub fn payload<P: Payload>(&self) -> Option<&P> {
        self.stored.body.as_any()?.downcast_ref()
    }

    /// Returns whether a definition file declares the kind.
    pub fn is_declared(&self) -> bool {
        self.descriptor().is_some()
    }

    /// Returns the catalogue's entry for its kind; `None` for an undeclared kind.
    pub fn descriptor(&self) -> Option<&'static Descriptor> {
        self.stored.body.kind().descriptor()
    }

    /// Returns the error of reading `data` into the type of its kind, if there was one.
    pub fn decode_error(&self) -> Option<&DecodeError> {
        self.stored.body.decode_error()
    }
}

/// A published event of another bus, or of this one, to be published again.
impl<S> From<Event<S>> for ReadEvent {
    fn from(event: Event<S>) -> Self {
        let event: AnyEvent = event.into_any();
        Self { stored: event.into_stored() }
    }
}

impl fmt::Debug for ReadEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.stored.fmt(f)
    }
}
