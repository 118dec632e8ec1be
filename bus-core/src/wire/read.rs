//! Reads a text as an event that can be published.

use std::borrow::Cow;
use std::fmt;
use std::io::BufRead;
use std::sync::Arc;

use super::envelope::Envelope;
use super::error::ReadError;
use super::keys::Keys;
use super::lenient::{Lenient, Mended};
use super::limits::{EVENT_BYTES, Limits};
use super::lines::{LineCause, LineError, Lines};
use super::scopes::Scopes;
use crate::bus::EventBus;
use crate::event::{FromJson, Origin, ReadEvent};
use crate::registry::Catalogue;
use crate::time::Zone;

impl EventBus {
    /// Reads one event from the JSON of this bus or of the Python runtime, with times in UTC.
    ///
    /// The event is not published; [`republish`](Self::republish) does that. For another zone,
    /// other limits or a file of many events, see [`reader`](Self::reader).
    ///
    /// ```
    /// let bus = bus_core::EventBus::new();
    /// let event = bus.read_json(
    ///     r#"{"type":"vendor_kind","stream_id":"desk","data":{"answer":42},"timestamp":"2026-11-22T06:14:08.602474"}"#,
    /// )?;
    /// assert_eq!(event.kind(), "vendor_kind");
    /// assert_eq!(event.raw_data(), Some(r#"{"answer":42}"#));
    /// assert!(event.id().is_none());
    ///
    /// let error = bus.read_json(r#"{"type":"a","type":"b"}"#).unwrap_err();
    /// assert_eq!(error.to_string(), "key `type` occurs twice: write each key once (column 13)");
    /// # Ok::<(), bus_core::wire::ReadError>(())
    /// ```
    ///
    /// # Errors
    /// If the text is not one event in JSON, or exceeds a limit; the error has the problem and its
    /// position. An undeclared kind, or data that does not fit its kind, is no error: see
    /// [`ReadEvent::decode_error`].
    pub fn read_json(&self, text: &str) -> Result<ReadEvent, ReadError> {
        let mut reader = self.reader_with(Keys::spare().unwrap_or_default());
        let read = reader.read(text);
        reader.keys.give_back();
        read
    }

    /// Returns a reader of JSON events with a zone and limits to choose.
    pub fn reader(&self) -> Reader {
        self.reader_with(Box::default())
    }

    fn reader_with(&self, keys: Box<Keys>) -> Reader {
        Reader {
            bus: self.clone(),
            known: self.core.catalogue(),
            zone: Zone::UTC,
            limits: Limits::new(),
            scopes: Scopes::default(),
            keys,
            lenient: None,
        }
    }
}

/// Reads events from JSON: one text, or a file of lines.
///
/// Reading loses nothing: `data` is kept unchanged; extra keys of the envelope are attributes if
/// they have text, and are written back if they have any other value but null. An undeclared kind
/// is an event; so is one whose data does not fit its type, which then has the error.
///
/// ```
/// let bus = bus_core::EventBus::new();
/// let good = r#"{"type":"a","stream_id":"s","timestamp":"2026-11-22T08:14:08"}"#;
/// let file = format!("{good}\n{{\"type\":\"b\",\n");
/// let reader = bus.reader().zone("+02:00".parse()?);
/// let lines: Vec<_> = reader.lines(file.as_bytes()).collect();
/// assert_eq!(lines[0].as_ref().unwrap().kind(), "a");
/// assert_eq!(lines[1].as_ref().unwrap_err().line(), 2);
/// # Ok::<(), bus_core::wire::ZoneError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Reader {
    bus: EventBus,
    /// The kinds that the bus knew at the last look-up. Kinds are only ever added.
    known: Arc<Catalogue>,
    zone: Zone,
    limits: Limits,
    scopes: Scopes,
    keys: Box<Keys>,
    /// Set for a lenient reader.
    lenient: Option<Box<Lenient>>,
}

/// The events of a file of JSON lines, from [`Reader::lines`].
///
/// Blank lines are skipped. A line that is not an event is an error with its number, and the next
/// line is read. A line over the limit is skipped without being held in memory.
pub struct ReadLines<R> {
    reader: Reader,
    lines: Lines<R>,
}

impl Reader {
    /// Sets the zone of timestamps without one: UTC unless set.
    #[must_use]
    pub fn zone(mut self, zone: Zone) -> Self {
        self.zone = zone;
        self
    }

    /// Sets the most bytes of one event: 16 MiB unless set.
    #[must_use]
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.limits.bytes = bytes;
        self
    }

    /// Sets the most levels of arrays and objects in one event, its own being the first: 128 unless
    /// set, and at most.
    #[must_use]
    pub fn max_depth(mut self, levels: usize) -> Self {
        self.limits.depth = levels;
        self
    }

    /// Reads lines of other systems too, in any of these ways:
    ///
    /// * half a surrogate pair (`\ud800`) becomes U+FFFD; `NaN` and `Infinity` become null;
    /// * a line without `stream_id` gets `stream`;
    /// * one without `type` takes it from `event`, `kind`, `role` (as `message_user`) or `level`
    ///   (as `log_info`), or is a `line`;
    /// * a time may be a number, of seconds to nanoseconds, and under another key, such as `ts` or
    ///   `created_at`; without any it is that of the event before;
    /// * a line without `data` becomes `data` as a whole;
    /// * another value that does not fit its key is kept as an extra, `foreign_` and the key.
    ///
    /// So events of AG-UI, chat transcripts and logs come in as undeclared kinds. A line that a
    /// strict reader takes is read as it would read it. [`mended`](Self::mended) counts the
    /// changes.
    ///
    /// ```
    /// let bus = bus_core::EventBus::new();
    /// let mut reader = bus.reader().lenient("import");
    /// let line = r#"{"type":"RUN_STARTED","runId":"r-1","timestamp":1795328048602}"#;
    /// let event = reader.read(line)?;
    /// assert_eq!((event.kind(), event.scope().stream()), ("RUN_STARTED", "import"));
    /// assert_eq!(event.data()["runId"], "r-1");
    /// assert!(event.to_json().contains(r#""timestamp":"2026-11-22T06:14:08.602000+00:00""#));
    /// let counts = "1 events mended: 1 without a stream got that of the reader, \
    ///               1 had their time as a number or under another key, \
    ///               1 without `data` became `data` as a whole";
    /// assert_eq!(reader.mended().to_string(), counts);
    /// # Ok::<(), bus_core::wire::ReadError>(())
    /// ```
    #[must_use]
    pub fn lenient(mut self, stream: impl Into<String>) -> Self {
        self.lenient = Some(Box::new(Lenient::new(stream.into())));
        self
    }

    /// Returns what a [`lenient`](Self::lenient) reader changed so far.
    pub fn mended(&self) -> Mended {
        self.lenient.as_ref().map_or_else(Mended::default, |lenient| lenient.mended())
    }

    /// Reads one event.
    ///
    /// # Errors
    /// Those of [`EventBus::read_json`].
    pub fn read(&mut self, text: &str) -> Result<ReadEvent, ReadError> {
        let read = self.strict(text);
        if self.lenient.is_some() { self.mend(text, read) } else { read }
    }

    /// The result of the strict reader, or of reading the mended text.
    fn mend(&mut self, text: &str, read: Result<ReadEvent, ReadError>) -> Result<ReadEvent, ReadError> {
        let Some(mut lenient) = self.lenient.take() else { return read };
        let read = match read {
            Ok(event) => Ok((event, None)),
            Err(error) => {
                let mended = lenient.mend(text, &error, (self.limits, &self.zone), &mut self.keys);
                // The error of the line as it stands, whose positions somebody can look up.
                mended
                    .and_then(|(text, changes)| Some((self.strict(&text).ok()?, Some(changes))))
                    .ok_or(error)
            }
        };
        if let Ok((event, changes)) = &read {
            lenient.note(event.timestamp(), *changes);
        }
        self.lenient = Some(lenient);
        read.map(|(event, _)| event)
    }

    fn strict(&mut self, text: &str) -> Result<ReadEvent, ReadError> {
        let envelope = Envelope::read(text, self.limits, &self.zone, &mut self.keys)?;
        let body = self.body(text, &envelope);
        Ok(ReadEvent::new(self.scopes.get(&envelope), envelope.timestamp, origin(text, &envelope), body))
    }

    /// Reads a file or pipe of JSON lines.
    pub fn lines<R: BufRead>(self, input: R) -> ReadLines<R> {
        ReadLines { lines: Lines::new(input, self.limits.bytes), reader: self }
    }

    fn body(&mut self, text: &str, envelope: &Envelope<'_>) -> FromJson {
        let event = self.known.get(&envelope.kind).or_else(|| {
            self.known = self.bus.core.catalogue(); // it may have been declared since
            self.known.get(&envelope.kind)
        });
        let as_it_stands = matches!(envelope.data, Cow::Borrowed(_));
        let marked = self.keys.marked(text).filter(|_| as_it_stands);
        FromJson::decode(&envelope.kind, event, Box::from(&*envelope.data), marked, envelope.version)
    }
}

impl<R: BufRead> Iterator for ReadLines<R> {
    type Item = Result<ReadEvent, LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        let read = match self.lines.next()? {
            Ok(text) => self.reader.read(text),
            Err(error) => return Some(Err(error)),
        };
        Some(read.map_err(|error| self.lines.error(LineCause::Event(error))))
    }
}

impl<R> ReadLines<R> {
    /// Returns what a [lenient](Reader::lenient) reader changed so far.
    pub fn mended(&self) -> Mended {
        self.reader.mended()
    }

    /// Returns the number of the last line, from 1.
    pub fn line(&self) -> u64 {
        self.lines.number()
    }
}

impl<R> fmt::Debug for ReadLines<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadLines")
            .field("line", &self.line())
            .field("reader", &self.reader)
            .finish_non_exhaustive()
    }
}

/// The facts of the event beside scope and data; events of the Python runtime have none.
fn origin(text: &str, envelope: &Envelope<'_>) -> Option<Origin> {
    let Envelope { id, seq, causation, ref extra, ref foreign, .. } = *envelope;
    let foreign = (!foreign.is_none()).then(|| Box::new(foreign.clone()));
    let some = id.is_some() || seq.is_some() || causation.is_some() || !extra.is_empty() || foreign.is_some();
    // Written back, it may have an id and keys with null more.
    let large = text.len() + 1024 > EVENT_BYTES;
    let extras = extra.iter().map(|(key, value)| (Box::from(&**key), Box::from(&**value)));
    (some || large).then(|| Origin {
        id,
        seq,
        causation,
        foreign,
        archived: false,
        extras: extras.collect(),
        large,
    })
}
