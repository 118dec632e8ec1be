//! A line of another system, and the event that it becomes.

use std::borrow::Cow;
use std::fmt::Write;
use std::time::SystemTime;

use super::{Mended, time};
use crate::json::{Name, Shape, Value, string};
use crate::scope::RESERVED;
use crate::time::Zone;
use crate::wire::error::{ReadError, ReadProblem};
use crate::wire::keys::Keys;
use crate::wire::limits::{KIND_BYTES, Limits};
use crate::wire::scan::Scan;
use crate::wire::slot::{
    CAUSATION, CORRELATION, DATA, EXECUTION, ID, NODE, SEQ, STREAM, TIMESTAMP, TYPE, VERSION,
};

/// The keys under which other systems have the kind of a line, and what goes before it.
const KINDS: &[(&str, &str)] = &[
    ("event", ""),
    ("kind", ""),
    ("event_type", ""),
    ("eventType", ""),
    ("role", "message_"),
    ("level", "log_"),
    ("levelname", "log_"),
    ("severity", "log_"),
    ("severityText", "log_"),
];

/// The kind of a line that has none of these.
const ANY: &str = "line";

/// An object of JSON, its members checked.
pub(super) struct Line<'a> {
    text: &'a str,
    members: Vec<(Name, Value)>,
}

impl<'a> Line<'a> {
    pub(super) fn read(text: &'a str, limits: Limits, keys: &mut Keys) -> Result<Self, ReadError> {
        let mut scan = Scan::new(text, limits, keys);
        let mut members = Vec::new();
        if scan.next() != Some(b'{') {
            return scan.unexpected("an event, which is one JSON object");
        }
        scan.object(|scan| {
            let name = scan.name()?;
            scan.once(name)?;
            members.push((name, scan.value()?));
            Ok(())
        })?;
        match scan.next() {
            None => Ok(Self { text, members }),
            Some(_) => scan.fail(ReadProblem::Trailing, scan.at),
        }
    }

    fn member(&self, key: &str) -> Option<Value> {
        let named = |(name, _): &&(Name, Value)| name.text(self.text).chars() == key;
        self.members.iter().find(named).map(|(_, value)| *value)
    }

    fn has(&self, key: &str) -> bool {
        self.member(key).is_some()
    }

    /// A value other than null.
    fn get(&self, key: &str) -> Option<Value> {
        self.member(key).filter(|value| value.shape != Shape::Null)
    }

    /// The characters of a string.
    fn string(&self, value: Value) -> Option<Cow<'a, str>> {
        Some(value.string(self.text)?.chars())
    }

    /// The characters of a string, or the text of a number or of `true`.
    fn scalar(&self, value: Value) -> Option<Cow<'a, str>> {
        match value.shape {
            Shape::String => self.string(value),
            Shape::Number | Shape::Bool => Some(Cow::Borrowed(value.raw(self.text))),
            _ => None,
        }
    }

    /// The text of an event of this bus with the content of the line.
    pub(super) fn event(&self, stream: &str, last: SystemTime, zone: &Zone, changes: &mut Mended) -> String {
        let mut out =
            Out { line: self, text: String::with_capacity(self.text.len() + 256), moved: Vec::new() };
        out.kind(changes);
        out.stream(stream, changes);
        for slot in [NODE, EXECUTION, CORRELATION, ID, CAUSATION] {
            out.id(slot);
        }
        out.time(last, zone, changes);
        out.own(SEQ, &[Shape::String, Shape::Number]);
        out.own(VERSION, &[Shape::String, Shape::Number]);
        out.data(changes);
        out.text.push('}');
        out.text
    }
}

/// The event while it is written.
struct Out<'l, 'a> {
    line: &'l Line<'a>,
    text: String,
    /// Values that do not fit their key.
    moved: Vec<(usize, Value)>,
}

impl Out<'_, '_> {
    /// A key of the envelope, and JSON.
    fn put(&mut self, slot: usize, json: &str) {
        let separator = if self.text.is_empty() { '{' } else { ',' };
        // Writing to a string does not fail.
        let _ = write!(self.text, "{separator}\"{}\":{json}", RESERVED[slot]);
    }

    fn put_text(&mut self, slot: usize, text: &str) {
        let mut quoted = Vec::new();
        string(text, &mut quoted);
        self.put(slot, &String::from_utf8_lossy(&quoted));
    }

    /// A value that has one of these shapes stays under its key.
    fn own(&mut self, slot: usize, shapes: &[Shape]) -> bool {
        let Some(value) = self.line.get(RESERVED[slot]) else { return false };
        if shapes.contains(&value.shape) {
            self.put(slot, value.raw(self.line.text));
            return true;
        }
        self.moved.push((slot, value));
        false
    }

    fn kind(&mut self, changes: &mut Mended) {
        let fits = |kind: &str| !kind.is_empty() && kind.len() <= KIND_BYTES;
        let own = self.line.get(RESERVED[TYPE]);
        let text = own.and_then(|value| self.line.string(value));
        if let Some(kind) = text.filter(|kind| fits(kind)) {
            return self.put_text(TYPE, &kind);
        }
        changes.kinds += 1;
        self.moved.extend(own.map(|value| (TYPE, value)));
        let other = KINDS.iter().find_map(|(key, before)| {
            let value = self.line.string(self.line.get(key)?)?;
            Some(format!(
                "{before}{}",
                if before.is_empty() { value.into_owned() } else { value.to_lowercase() }
            ))
        });
        self.put_text(TYPE, &other.filter(|kind| fits(kind)).unwrap_or_else(|| ANY.to_owned()));
    }

    fn stream(&mut self, stream: &str, changes: &mut Mended) {
        if !self.id(STREAM) {
            changes.streams += 1;
            self.put_text(STREAM, stream);
        }
    }

    /// An id: a number becomes its text.
    fn id(&mut self, slot: usize) -> bool {
        match self.line.get(RESERVED[slot]) {
            Some(value) if matches!(value.shape, Shape::Number | Shape::Bool) => {
                self.moved.push((slot, value));
                self.put_text(slot, value.raw(self.line.text));
                true
            }
            _ => self.own(slot, &[Shape::String]),
        }
    }

    fn time(&mut self, last: SystemTime, zone: &Zone, changes: &mut Mended) {
        let own = self.line.get(RESERVED[TIMESTAMP]);
        let text = own.and_then(|value| self.line.string(value));
        if text.is_some_and(|text| crate::time::parse(&text, zone).is_ok()) {
            self.own(TIMESTAMP, &[Shape::String]);
            return;
        }
        self.moved.extend(own.map(|value| (TIMESTAMP, value)));
        let found =
            time::KEYS.iter().find_map(|key| time::read(&self.line.scalar(self.line.get(key)?)?, zone));
        match found {
            Some(_) => changes.times += 1,
            None => changes.timeless += 1,
        }
        let mut written = Vec::new();
        crate::time::write(found.unwrap_or(last), &mut written);
        self.put_text(TIMESTAMP, &String::from_utf8_lossy(&written));
    }

    /// Its own data with the rest of the keys beside it, or all of the line.
    fn data(&mut self, changes: &mut Mended) {
        let line = self.line;
        let Some(data) = line.get(RESERVED[DATA]) else {
            changes.wrapped += 1;
            return self.put(DATA, line.text.trim());
        };
        self.put(DATA, data.raw(line.text));
        for (name, value) in &line.members {
            if !RESERVED.contains(&&*name.text(line.text).chars()) {
                let _ =
                    write!(self.text, ",\"{}\":{}", &line.text[name.start..name.end], value.raw(line.text));
            }
        }
        for (slot, value) in std::mem::take(&mut self.moved) {
            let mut key = format!("foreign_{}", RESERVED[slot]);
            while line.has(&key) {
                key.insert_str(0, "foreign_");
            }
            changes.moved += 1;
            let _ = write!(self.text, ",\"{key}\":{}", value.raw(line.text));
        }
    }
}
