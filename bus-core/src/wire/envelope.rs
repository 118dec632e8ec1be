//! The object around every event, parsed in one pass without copying unchanged text.

use std::borrow::Cow;
use std::str::FromStr;
use std::time::SystemTime;

use super::error::{ReadError, ReadProblem};
use super::keys::Keys;
use super::limits::Limits;
use super::scan::Scan;
use super::slot::{
    CAUSATION, CORRELATION, DATA, EXECUTION, ID, NODE, SEQ, STREAM, TIMESTAMP, TYPE, VERSION, begins, slot,
};
use crate::event::{EventId, Foreign};
use crate::json::{Shape, Value};
use crate::scope::RESERVED;
use crate::time;
use crate::time::Zone;

type Result<T> = std::result::Result<T, ReadError>;

/// One event in a text.
#[derive(Debug)]
pub(super) struct Envelope<'a> {
    pub(super) kind: Cow<'a, str>,
    pub(super) stream: Cow<'a, str>,
    pub(super) node: Option<Cow<'a, str>>,
    pub(super) execution: Option<Cow<'a, str>>,
    pub(super) correlation: Option<Cow<'a, str>>,
    pub(super) timestamp: SystemTime,
    /// JSON of any shape, without a line break. Unchanged text if it is borrowed.
    pub(super) data: Cow<'a, str>,
    /// Extra keys with a string, in their order.
    pub(super) attributes: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Extra keys with any other value but null: JSON on one line, to be written back.
    pub(super) extra: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    pub(super) id: Option<EventId>,
    pub(super) seq: Option<u64>,
    pub(super) version: Option<u32>,
    pub(super) causation: Option<EventId>,
    /// The values among these that are in another system's form.
    pub(super) foreign: Foreign,
}

impl<'a> Envelope<'a> {
    /// Reads one event. All of `text` is checked, including `data`. `keys` may come from the event
    /// before.
    pub(super) fn read(text: &'a str, limits: Limits, zone: &Zone, keys: &mut Keys) -> Result<Self> {
        let mut scan = Scan::new(text, limits, keys);
        if text.len() > limits.bytes {
            return scan.fail(ReadProblem::TooLarge { bytes: text.len(), limit: limits.bytes }, 0);
        }
        let mut found = Found::default();
        found.collect(&mut scan)?;
        found.envelope(&scan, limits, zone)
    }
}

/// The values of the envelope's keys, and the rest.
#[derive(Default)]
struct Found<'a> {
    values: [Value; RESERVED.len()],
    /// The slot that probably comes next.
    next: usize,
    attributes: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    extra: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Found<'a> {
    fn collect(&mut self, scan: &mut Scan<'a, '_>) -> Result<()> {
        match scan.next() {
            Some(b'{') => scan.object(|scan| self.member(scan))?,
            None => return scan.fail(ReadProblem::Empty, 0),
            _ => return scan.unexpected("an event, which is one JSON object"),
        }
        let broken = scan.broken;
        if scan.next().is_some() {
            return scan.fail(ReadProblem::Trailing, scan.at);
        }
        scan.broken = broken; // the end of the line is no break in the event
        Ok(())
    }

    /// A key and its value. Nearly always our keys come in our order, so the next one is guessed
    /// first.
    fn member(&mut self, scan: &mut Scan<'a, '_>) -> Result<()> {
        scan.next();
        let guess = self.next;
        if begins(&scan.text.as_bytes()[scan.at..], guess) && self.values[guess].shape == Shape::Absent {
            self.next += 1;
            scan.pass(RESERVED[guess].len() + 2)?;
            return self.own(guess, scan);
        }
        let key = scan.name()?;
        let name = key.text(scan.text).chars();
        match slot(&name) {
            Some(slot) if self.values[slot].shape != Shape::Absent => return scan.twice(key),
            Some(slot) => {
                self.next = slot + 1;
                self.own(slot, scan)?;
            }
            None => {
                scan.once(key)?;
                let value = scan.value()?;
                self.other(name, value, scan);
            }
        }
        Ok(())
    }

    /// The value of one of the envelope's own keys.
    #[inline]
    fn own(&mut self, slot: usize, scan: &mut Scan<'a, '_>) -> Result<()> {
        if slot == DATA {
            self.values[DATA] = scan.marked()?;
        } else {
            self.values[slot] = scan.value()?;
        }
        Ok(())
    }

    /// A key that is not the envelope's: an attribute, or kept unchanged.
    #[inline]
    fn other(&mut self, name: Cow<'a, str>, value: Value, scan: &Scan<'a, '_>) {
        if let Some(text) = value.string(scan.text) {
            self.attributes.push((name, text.chars()));
        } else if value.shape != Shape::Null {
            self.extra.push((name, one_line(value.raw(scan.text), scan)));
        }
    }

    fn envelope(self, scan: &Scan<'a, '_>, limits: Limits, zone: &Zone) -> Result<Envelope<'a>> {
        let kind = self.required(TYPE, scan)?;
        if kind.is_empty() {
            return self.invalid(TYPE, "is empty: give the event a kind", scan);
        }
        if kind.len() > limits.kind {
            return scan.fail(ReadProblem::KindTooLong { limit: limits.kind }, self.values[TYPE].start);
        }
        let stamp = self.required(TIMESTAMP, scan)?;
        let timestamp = match time::parse(&stamp, zone) {
            Ok(timestamp) => timestamp,
            Err(reason) => return self.invalid(TIMESTAMP, reason, scan),
        };
        let mut foreign = Foreign::default();
        Ok(Envelope {
            kind,
            timestamp,
            stream: self.required(STREAM, scan)?,
            node: self.text(NODE, scan)?,
            execution: self.text(EXECUTION, scan)?,
            correlation: self.text(CORRELATION, scan)?,
            data: self.data(scan),
            id: self.event_id(ID, scan, &mut foreign.id)?,
            seq: self.whole(SEQ, scan, &mut foreign.seq)?,
            version: self
                .whole(VERSION, scan, &mut foreign.version)?
                .or_else(|| whole_part(foreign.version.as_deref()?)),
            causation: self.event_id(CAUSATION, scan, &mut foreign.causation)?,
            foreign,
            attributes: self.attributes,
            extra: self.extra,
        })
    }

    /// The text of `data`, or an empty object if it is missing.
    #[inline]
    fn data(&self, scan: &Scan<'a, '_>) -> Cow<'a, str> {
        match self.values[DATA] {
            Value { shape: Shape::Absent, .. } => Cow::Borrowed("{}"),
            value => one_line(value.raw(scan.text), scan),
        }
    }

    #[cold]
    fn invalid<T>(&self, slot: usize, reason: &'static str, scan: &Scan<'a, '_>) -> Result<T> {
        scan.fail(ReadProblem::Invalid { key: RESERVED[slot], reason }, self.values[slot].start)
    }

    #[cold]
    fn wrong<T>(value: Value, slot: usize, expected: &'static str, scan: &Scan<'a, '_>) -> Result<T> {
        let problem = ReadProblem::WrongType { key: RESERVED[slot], expected, found: value.shape.name() };
        scan.fail(problem, value.start)
    }

    #[inline]
    fn required(&self, slot: usize, scan: &Scan<'a, '_>) -> Result<Cow<'a, str>> {
        match self.text(slot, scan)? {
            Some(text) => Ok(text),
            None => scan.fail(ReadProblem::Missing(RESERVED[slot]), self.values[slot].start),
        }
    }

    /// A string; a missing key and null are the same.
    #[inline]
    fn text(&self, slot: usize, scan: &Scan<'a, '_>) -> Result<Option<Cow<'a, str>>> {
        let value = self.values[slot];
        match value.shape {
            Shape::Absent | Shape::Null => Ok(None),
            _ => match value.string(scan.text) {
                Some(text) => Ok(Some(text.chars())),
                None => Self::wrong(value, slot, "a string", scan),
            },
        }
    }

    /// The id of an event; a missing key and null are the same. One that this bus would write
    /// otherwise is kept as it is.
    #[inline]
    fn event_id(
        &self,
        slot: usize,
        scan: &Scan<'a, '_>,
        foreign: &mut Option<Box<str>>,
    ) -> Result<Option<EventId>> {
        let Some(text) = self.text(slot, scan)? else { return Ok(None) };
        let own = text.parse().ok();
        if own.is_none() || !is_canonical(&text) {
            *foreign = Some(self.values[slot].raw(scan.text).into());
        }
        Ok(own.or_else(|| (!text.is_empty()).then(|| EventId::of_foreign(&text))))
    }

    /// A whole number; a missing key and null are the same. A number of any other form and a string
    /// are kept as they are.
    #[inline]
    fn whole<N: FromStr>(
        &self,
        slot: usize,
        scan: &Scan<'a, '_>,
        foreign: &mut Option<Box<str>>,
    ) -> Result<Option<N>> {
        let value = self.values[slot];
        match value.shape {
            Shape::Absent | Shape::Null => return Ok(None),
            Shape::Number | Shape::String => {}
            _ => return Self::wrong(value, slot, "a whole number", scan),
        }
        let raw = value.raw(scan.text);
        if let Ok(number) = raw.parse() {
            return Ok(Some(number));
        }
        *foreign = Some(raw.into());
        Ok(whole_float(raw))
    }
}

/// Whether this bus would write an id that it can read in this form: small letters, and no zero
/// before the number.
#[inline]
fn is_canonical(id: &str) -> bool {
    let number = id.as_bytes().get(17..).unwrap_or_default();
    !id.bytes().any(|byte| byte.is_ascii_uppercase()) && (number.len() == 1 || number.first() != Some(&b'0'))
}

/// `1.0` is the whole number 1, as in JSON Schema and in JavaScript.
#[cold]
fn whole_float<N: FromStr>(raw: &str) -> Option<N> {
    let number: f64 = raw.parse().ok()?;
    let is_exact = number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0;
    is_exact.then(|| format!("{number:.0}").parse().ok()).flatten()
}

/// The same JSON without line breaks between its parts: an event read from pretty-printed text must
/// be written as one line.
fn one_line<'a>(json: &'a str, scan: &Scan<'_, '_>) -> Cow<'a, str> {
    if scan.broken { Cow::Owned(json.replace(['\n', '\r'], "")) } else { Cow::Borrowed(json) }
}

/// Version 2.5 of another system is read as version 2, which a schema can say too.
#[cold]
fn whole_part(raw: &str) -> Option<u32> {
    let number: f64 = raw.parse().ok()?;
    format!("{:.0}", number.floor()).parse().ok()
}
