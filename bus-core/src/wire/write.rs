//! Events as JSON, written directly into a buffer, with unchanged keys.

use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::Value;

use super::limits::EVENT_BYTES;
use crate::delivery::Draft;
use crate::event::{Body, Event, EventId, Head, KindRef, ReadEvent, Stored};
use crate::excerpt::excerpt;
use crate::json::{decimal, hex, string, written_length};
use crate::payload::{EncodeError, redact_raw, transcode};
use crate::time;

impl<S> Event<S> {
    /// Appends the event as one line of JSON, without the line's end.
    ///
    /// The seven keys of the Python bus come first, in its order and null if absent; then the
    /// attributes as keys of their own; then `id`, `seq`, `version` and `causation_id`. The content
    /// of redacted fields is left out.
    ///
    /// JSON has no float that is not finite: such a value is null, as in `serde_json` and in
    /// JavaScript, and an `f64` cannot be read from null. A field that may have one needs the type
    /// `Option<f64>`, or a type with a form of its own.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bus_core::EncodeError> {
    /// # use serde_json::json;
    /// let bus = bus_core::EventBus::new();
    /// let emitter = bus.stream("desk").attribute("graph_id", "g-7");
    /// emitter.emit_dynamic("vendor_kind", json!({ "answer": 42 })).await;
    /// let mut line = Vec::new();
    /// bus.history().collect()[0].write_json(&mut line)?;
    /// let line = String::from_utf8_lossy(&line);
    /// assert!(line.starts_with(r#"{"type":"vendor_kind","stream_id":"desk","node_id":null,"execution_id":null,"data":{"answer":42},"#));
    /// assert!(line.contains(r#","correlation_id":null,"graph_id":"g-7","id":""#));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// If a field cannot be written, or if no reader would accept it: its own `Serialize` fails, an
    /// object of it holds a key twice, a key has more than 64 KiB, it has too many levels, or the
    /// event has more than 16 MiB (unless it was read by a reader with a higher limit). The error
    /// names the field, and `out` is as before.
    pub fn write_json(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        Line::published(self).write(out)
    }

    /// Returns the event as one line of JSON; see [`write_json`](Self::write_json).
    ///
    /// If a field cannot be written, `data` is null, and a `tracing` error has the field and the
    /// reason.
    pub fn to_json(&self) -> String {
        Line::published(self).text()
    }

    /// Returns the content of `data` as JSON, for code that does not know the payload's type: null
    /// if it cannot be written, and hidden if it is redacted. Code that knows the type uses
    /// [`payload`](Self::payload).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let bus = bus_core::EventBus::new();
    /// let _scores = bus.subscribe_any().kinds(["vendor_scored"]).handle_sync(|event| {
    ///     assert_eq!(event.data()["score"], 7);
    /// });
    /// bus.stream("desk").emit_dynamic("vendor_scored", serde_json::json!({ "score": 7 })).await;
    /// # }
    /// ```
    pub fn data(&self) -> Value {
        Line::published(self).value()
    }
}

/// The event as [`to_json`](Event::to_json) writes it, in the format of the serializer: in JSON the
/// same keys in the same order, redacted content left out. A field that cannot be written is an
/// error. Numbers in data that was read are written by their value: `1.10` as `1.1`, and one beyond
/// 64 bits as the nearest `f64`.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), serde_json::Error> {
/// let bus = bus_core::EventBus::new();
/// bus.stream("desk").emit_dynamic("vendor_kind", serde_json::json!({ "answer": 42 })).await;
/// let event = bus.history().collect().remove(0);
/// assert_eq!(serde_json::to_string(&event)?, event.to_json());
/// # Ok(()) }
/// ```
impl<S> Serialize for Event<S> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        Line::published(self).serialize(serializer)
    }
}

impl Serialize for ReadEvent {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        Line::read(self).serialize(serializer)
    }
}

impl Draft<'_> {
    /// Returns the content of `data` as a JSON value, like [`Event::data`].
    pub fn data(&self) -> Value {
        let Stored { head, body } = &*self.stored;
        Line { head, body, id: None, seq: None, causation: None }.value()
    }
}

impl ReadEvent {
    /// Returns the content of `data` as a JSON value with the content of redacted fields hidden,
    /// like [`Event::data`]. The text as it was read is [`raw_data`](Self::raw_data).
    pub fn data(&self) -> Value {
        Line::read(self).value()
    }

    /// Appends the event as one line of JSON, without the line's end: as it was read, in the order
    /// of our keys, with null for a missing `id`, `seq` or `version`. The content of redacted
    /// fields is hidden.
    ///
    /// ```
    /// let bus = bus_core::EventBus::new();
    /// let text = concat!(
    ///     r#"{"type":"vendor_kind","stream_id":"desk","data":{"exact":1.10},"#,
    ///     r#""timestamp":"2026-11-22T06:14:08","tries":3}"#,
    /// );
    /// let mut line = Vec::new();
    /// bus.read_json(text)?.write_json(&mut line)?;
    /// assert_eq!(String::from_utf8_lossy(&line), concat!(
    ///     r#"{"type":"vendor_kind","stream_id":"desk","node_id":null,"execution_id":null,"data":{"exact":1.10},"#,
    ///     r#""timestamp":"2026-11-22T06:14:08.000000+00:00","correlation_id":null,"tries":3,"#,
    ///     r#""id":null,"seq":null,"version":null,"causation_id":null}"#,
    /// ));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Event::write_json`], and only for an event that was emitted, not read.
    pub fn write_json(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        Line::read(self).write(out)
    }

    /// Returns the event as one line of JSON; see [`write_json`](Self::write_json) and
    /// [`Event::to_json`].
    pub fn to_json(&self) -> String {
        Line::read(self).text()
    }
}

/// The parts of a line.
pub(super) struct Line<'a> {
    pub(super) head: &'a Head,
    pub(super) body: &'a dyn Body,
    pub(super) id: Option<EventId>,
    pub(super) seq: Option<u64>,
    pub(super) causation: Option<EventId>,
}

impl<'a> Line<'a> {
    pub(super) fn published<S>(event: &'a Event<S>) -> Self {
        let (id, seq, causation) = (Some(event.id()), Some(event.seq()), event.causation());
        Self { head: event.head(), body: event.body(), id, seq, causation }
    }

    pub(super) fn read(event: &'a ReadEvent) -> Self {
        let (id, seq, causation) = (event.id(), event.seq(), event.causation());
        Self { head: &event.stored.head, body: &event.stored.body, id, seq, causation }
    }

    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        let mut text = Vec::new();
        self.write(&mut text).map_err(Z::Error::custom)?;
        transcode(&mut serde_json::Deserializer::from_slice(&text), serializer).map_err(Z::Error::custom)
    }

    fn write(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let start = out.len();
        self.begin(out);
        if let Err(error) = self.data(out) {
            out.truncate(start);
            return Err(error);
        }
        self.end(out);
        let fits = self.check_size(out.len() - start);
        if fits.is_err() {
            out.truncate(start);
        }
        fits
    }

    fn text(&self) -> String {
        let mut out = Vec::with_capacity(512);
        if let Err(error) = self.write(&mut out) {
            let kind = &*excerpt(self.body.kind().as_str()).to_string();
            tracing::error!(target: "bus_core", kind, %error, "an event is written without its data");
            self.begin(&mut out);
            out.extend_from_slice(b"null");
            self.end(&mut out);
        }
        // All of it was text; checking again costs less than a proof would.
        String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }

    /// An error where the line has more bytes than a reader takes, unless one took it before.
    fn check_size(&self, bytes: usize) -> Result<(), EncodeError> {
        if bytes <= EVENT_BYTES || self.head.origin.as_ref().is_some_and(|origin| origin.large) {
            return Ok(());
        }
        let scope = &*self.head.scope;
        let of = |text: Option<&str>| text.map_or(0, written_length);
        let data = match (self.body.raw(), self.body.payload()) {
            (None, Some(payload)) => payload.largest_field(),
            (raw, _) => ("data", raw.map_or(0, str::len)),
        };
        let parts = [
            data,
            ("stream_id", of(Some(scope.stream()))),
            ("node_id", of(scope.node())),
            ("execution_id", of(scope.execution())),
            ("correlation_id", of(scope.correlation())),
        ];
        let attributes = scope.attributes().map(|(name, value)| (name, written_length(value)));
        let (field, part) = parts.into_iter().chain(attributes).max_by_key(|part| part.1).unwrap_or(data);
        Err(EncodeError::too_large(self.body.kind().as_str(), field, part, bytes, EVENT_BYTES))
    }

    fn begin(&self, out: &mut Vec<u8>) {
        let scope = &*self.head.scope;
        out.extend_from_slice(b"{\"type\":");
        string(self.body.kind().as_str(), out);
        out.extend_from_slice(b",\"stream_id\":");
        string(scope.stream(), out);
        out.extend_from_slice(b",\"node_id\":");
        optional(scope.node(), out);
        out.extend_from_slice(b",\"execution_id\":");
        optional(scope.execution(), out);
        out.extend_from_slice(b",\"data\":");
    }

    fn value(&self) -> Value {
        let mut out = Vec::new();
        self.data(&mut out).ok().and_then(|()| serde_json::from_slice(&out).ok()).unwrap_or_default()
    }

    pub(super) fn data(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let Some(raw) = self.body.raw() else {
            if let Some(payload) = self.body.payload() {
                return payload.encode_json(out);
            }
            out.extend_from_slice(b"null");
            return Ok(());
        };
        match self.body.kind() {
            KindRef::Declared(descriptor) if descriptor.has_redacted() => {
                out.extend_from_slice(redact_raw(descriptor, raw).as_bytes());
            }
            _ => out.extend_from_slice(raw.as_bytes()),
        }
        Ok(())
    }

    fn end(&self, out: &mut Vec<u8>) {
        let scope = &*self.head.scope;
        out.extend_from_slice(b",\"timestamp\":\"");
        time::write(self.head.at, out);
        out.extend_from_slice(b"\",\"correlation_id\":");
        optional(scope.correlation(), out);
        for (name, value) in scope.attributes() {
            out.push(b',');
            string(name, out);
            out.push(b':');
            string(value, out);
        }
        for (name, value) in self.head.origin.iter().flat_map(|origin| &origin.extras) {
            out.push(b',');
            string(name, out);
            out.push(b':');
            out.extend_from_slice(value.as_bytes());
        }
        let foreign = self.head.foreign();
        out.extend_from_slice(b",\"id\":");
        match foreign.and_then(|foreign| foreign.id.as_deref()) {
            Some(id) => out.extend_from_slice(id.as_bytes()),
            None => event_id(self.id, out),
        }
        out.extend_from_slice(b",\"seq\":");
        match foreign.and_then(|foreign| foreign.seq.as_deref()) {
            Some(seq) => out.extend_from_slice(seq.as_bytes()),
            None => number(self.seq, out),
        }
        out.extend_from_slice(b",\"version\":");
        match foreign.and_then(|foreign| foreign.version.as_deref()) {
            Some(version) => out.extend_from_slice(version.as_bytes()),
            None => number(self.body.version().map(u64::from), out),
        }
        out.extend_from_slice(b",\"causation_id\":");
        match self.foreign_cause() {
            Some(id) => out.extend_from_slice(id.as_bytes()),
            None => event_id(self.causation, out),
        }
        out.push(b'}');
    }

    /// The cause as another system calls it, as JSON: from the line, or from the event whose
    /// handler emitted this one.
    pub(super) fn foreign_cause(&self) -> Option<&'a str> {
        let origin = self.head.origin.as_deref().filter(|origin| origin.causation.is_some());
        match origin {
            Some(origin) => origin.foreign.as_ref()?.causation.as_deref(),
            None => self.head.foreign_cause(),
        }
    }
}

fn optional(text: Option<&str>, out: &mut Vec<u8>) {
    match text {
        Some(text) => string(text, out),
        None => out.extend_from_slice(b"null"),
    }
}

fn number(number: Option<u64>, out: &mut Vec<u8>) {
    match number {
        Some(number) => decimal(number, out),
        None => out.extend_from_slice(b"null"),
    }
}

fn event_id(id: Option<EventId>, out: &mut Vec<u8>) {
    let Some(id) = id else { return out.extend_from_slice(b"null") };
    let mut run = [0; 16];
    for (place, digit) in run.iter_mut().rev().enumerate() {
        *digit = hex((id.run() >> (4 * place)).to_le_bytes()[0] & 15);
    }
    out.push(b'"');
    out.extend_from_slice(&run);
    out.push(b'-');
    decimal(id.seq(), out);
    out.push(b'"');
}
