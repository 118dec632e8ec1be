//! Emitting without a type: undeclared kinds, and events that were read or published before.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use serde_json::Value;

use super::{Sent, Source, publish};
use crate::bus::EventBus;
use crate::delivery::{Core, Mode, Receipt, Waiting, log};
use crate::error::Refused;
use crate::event::{Again, AnyEvent, Event, FromJson, Link, ReadEvent, Stored};
use crate::excerpt::excerpt;
use crate::json;

/// An event that is not published yet and has no static type: the result of
/// [`emit_dynamic`](super::Emitter::emit_dynamic) and [`republish`](EventBus::republish). Await it
/// or [`send`](Self::send) it, as an [`Emit`](super::Emit).
///
/// # Cancel safety
/// Dropped before its first poll, it publishes nothing. Dropped later, it only loses the receipt.
#[must_use = "nothing is published until it is awaited or sent: add `.await`, or `.send()` to wait for nobody"]
pub struct EmitDynamic {
    bus: EventBus,
    cause: Option<Arc<Link>>,
    what: Option<What>,
    waiting: Option<Waiting>,
}

enum What {
    New { source: Arc<Source>, kind: String, data: Value, at: &'static Location<'static> },
    Again(ReadEvent),
}

#[cfg(debug_assertions)]
impl What {
    fn kind(&self) -> &str {
        match self {
            Self::New { kind, .. } => kind,
            Self::Again(event) => event.kind(),
        }
    }
}

impl EmitDynamic {
    pub(crate) fn new(
        source: &Arc<Source>,
        kind: String,
        data: Value,
        at: &'static Location<'static>,
    ) -> Self {
        let what = What::New { source: Arc::clone(source), kind, data, at };
        Self { bus: source.bus.clone(), cause: source.cause(), what: Some(what), waiting: None }
    }

    /// Publishes the event without waiting for async handlers and streams, as
    /// [`Emit::send`](super::Emit::send) does, with the same bounds.
    pub fn send(mut self) -> Sent {
        self.publish(Mode::Send)
    }

    fn publish(&mut self, mode: Mode) -> Sent {
        let core = &self.bus.core;
        let event = match self.what.take() {
            None => return Sent::nothing(),
            Some(What::Again(event)) => again(core.run, event, self.cause.take()),
            Some(What::New { source, kind, data, at }) => match self.bus.body_of(&kind, &data) {
                Ok(body) => {
                    let event = Event::new(Arc::new(Stored::of(source.head(self.cause.take()), body)));
                    check_type(core, &event, at);
                    event
                }
                Err(refused) => return core.refuse(&excerpt(&kind).to_string(), refused),
            },
        };
        publish(core, event, mode)
    }
}

/// Warns of data that does not fit the type of its kind, once for each kind: the event is published
/// all the same, and nobody who subscribed to the type gets it.
fn check_type(core: &Core, event: &AnyEvent, at: &Location<'_>) {
    let Some(error) = event.decode_error() else { return };
    if !core.is_first_warning(&("data", event.kind())) {
        return;
    }
    log(|| {
        tracing::warn!(
            target: "bus_core", kind = event.kind(), emitted_at = %at, error = %excerpt(&error.to_string()),
            "data of `emit_dynamic` does not fit the type of its kind, so handlers of that type do not get the event: correct the data, or emit it by its type"
        );
    });
}

/// The same event in this bus: it keeps scope, id, time and cause, and gets a new `seq`. An event
/// without another owner, such as one that was just read, becomes the published event. Any other
/// shares its payload.
fn again(run: u64, event: ReadEvent, cause: Option<Arc<Link>>) -> AnyEvent {
    let origin = event.to_be_kept();
    let mut stored = event.stored;
    if let Some(alone) = Arc::get_mut(&mut stored) {
        alone.head.renew(run, cause, origin);
        return Event::new(stored);
    }
    let head = stored.head.again(run, cause, origin);
    Event::new(Arc::new(Stored::of(head, Again::of(&stored))))
}

impl EventBus {
    /// Publishes an event that was read, or that was published before, here or on another bus. It
    /// keeps scope, id, time and cause, and gets a new `seq` here.
    ///
    /// [`Event::id`] is where it was published first, and [`Event::cursor`] its position in this
    /// bus. Resume from the cursor.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let (local, central) = (bus_core::EventBus::new(), bus_core::EventBus::new());
    /// local.stream("desk").emit_dynamic("vendor_kind", serde_json::json!({ "answer": 42 })).await;
    /// for event in local.history().oldest_first().collect() {
    ///     let receipt = central.republish(event.clone()).await;
    ///     assert_eq!(receipt.id(), Some(event.id()));
    /// }
    /// # }
    /// ```
    pub fn republish(&self, event: impl Into<ReadEvent>) -> EmitDynamic {
        let what = What::Again(event.into());
        EmitDynamic { bus: self.clone(), cause: crate::delivery::cause(), what: Some(what), waiting: None }
    }

    /// Makes the body of an event from a value: typed if the catalogue knows the kind.
    fn body_of(&self, kind: &str, data: &Value) -> Result<FromJson, Refused> {
        if !data.is_object() {
            return Err(Refused::InvalidData(format!(
                "`{}` was emitted with {}",
                excerpt(kind),
                sort_of(data)
            )));
        }
        let longest = crate::wire::KIND_BYTES;
        if kind.is_empty() || kind.len() > longest {
            return Err(Refused::InvalidData(format!(
                "its kind has {} bytes, and may have 1 to {longest}",
                kind.len()
            )));
        }
        let levels = crate::wire::DATA_LEVELS;
        if is_deeper(data, levels) {
            return Err(Refused::InvalidData(format!(
                "it has more than {levels} levels of arrays and objects, and no reader would take it"
            )));
        }
        let raw = serde_json::to_string(data).map_err(|error| Refused::InvalidData(error.to_string()))?;
        // A `Value` holds no key twice.
        json::check(&raw, levels, true).map_err(|error| Refused::InvalidData(error.to_string()))?;
        let event = self.core.catalogue().get(kind);
        // This program emits events of the current version.
        let version = event.map(|event| event.version);
        Ok(FromJson::decode(kind, event, raw.into(), None, version))
    }
}

/// Whether there are more than so many levels. It goes no deeper than that.
fn is_deeper(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(|item| is_deeper(item, levels - 1)),
        Value::Object(members) => levels == 0 || members.values().any(|member| is_deeper(member, levels - 1)),
        _ => false,
    }
}

fn sort_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

impl Unpin for EmitDynamic {}

impl Future for EmitDynamic {
    type Output = Receipt;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Receipt> {
        if self.waiting.is_none() {
            let sent = self.publish(Mode::Await);
            self.waiting = Some(Waiting::new(sent));
        }
        self.waiting.as_mut().map_or(Poll::Pending, |waiting| waiting.poll(context))
    }
}

#[cfg(debug_assertions)]
impl Drop for EmitDynamic {
    fn drop(&mut self) {
        if let Some(what) = &self.what {
            super::say_dropped(what.kind());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::{AnyEvent, EventBus};

    #[test]
    fn an_event_that_is_published_again_keeps_none_of_the_rounds_before() {
        let bus = EventBus::builder().history(1).build().expect("the settings are right");
        let last = || -> AnyEvent { bus.history().limit(1).collect().remove(0) };
        bus.stream("desk").emit_dynamic("vendor_kind", serde_json::json!({ "answer": 42 })).send();
        let mut rounds = Vec::new();
        for _ in 0..10 {
            rounds.push(Arc::downgrade(last().stored()));
            bus.republish(last()).send();
        }
        // The first holds the payload, which all later ones share.
        let held: Vec<_> = rounds.iter().map(|round| round.strong_count() > 0).collect();
        assert_eq!(held.iter().filter(|held| **held).count(), 1, "{held:?}");
        assert_eq!(last().data()["answer"], 42);
    }
}
