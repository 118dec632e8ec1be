//! One walk over the text of a JSON object that fills the slots of an event's fields and reads each
//! value in place.
//!
//! `serde_json` shows the members of an object only to code that is generic over its deserializer,
//! which a table of functions cannot be, or as text after a first pass to find its end. So the walk
//! reads the braces, commas and colons itself and leaves keys and values to `serde_json`, which
//! returns their ends.

use std::any::Any;
use std::fmt;

use serde::de::{Deserialize, Deserializer as _, IgnoredAny, Visitor};
use serde_json::Deserializer;
use serde_json::de::StrRead;

use super::FieldDescriptor;
use super::decode::{DecodeReason, cause, invalid};
use crate::json::{self, Checked, Marked};

/// A walk over the members of an object.
pub(super) struct Walk<'w, 's> {
    fields: &'static [FieldDescriptor],
    slots: &'w mut [&'s mut dyn Any],
    seen: Seen,
    /// The members without a field, as an object that is not closed yet; kept only if a field is
    /// flattened.
    rest: Option<Vec<u8>>,
}

/// A bit for each field that was found; the derive refuses more than 128. Two words, because a word
/// of 128 bits is slow to read after only half of it was written.
#[derive(Default)]
struct Seen([u64; 2]);

impl Seen {
    fn has(&self, index: usize) -> bool {
        self.0[index / 64] & 1 << (index % 64) != 0
    }

    fn add(&mut self, index: usize) {
        self.0[index / 64] |= 1 << (index % 64);
    }
}

impl<'w, 's> Walk<'w, 's> {
    pub(super) fn new(fields: &'static [FieldDescriptor], slots: &'w mut [&'s mut dyn Any]) -> Self {
        let rest = fields.iter().any(|field| field.flattened).then(|| vec![b'{']);
        Self { fields, slots, seen: Seen::default(), rest }
    }

    /// Walks over all of `text`, which is one object.
    pub(super) fn object(mut self, text: &str) -> Result<(), DecodeReason> {
        let Some(mut rest) = after(text, '{') else { return Err(no_object(text)) };
        if let Some(end) = after(rest, '}') {
            rest = end;
        } else {
            loop {
                rest = self.member(rest)?;
                match after(rest, ',') {
                    Some(next) => rest = next,
                    None => break,
                }
            }
            rest = after(rest, '}').ok_or_else(|| damaged("`,` or `}` is missing"))?;
        }
        if blank(rest).is_empty() { self.finish() } else { Err(damaged("there is more after its end")) }
    }

    /// Walks over the members of a scanned object. Nearly always they are in the order of the
    /// fields.
    pub(super) fn marked(mut self, marked: Marked<'_>) -> Result<(), DecodeReason> {
        let mut next = 0;
        for member in marked.members {
            let (key, value) = (member.name.text(marked.text).chars(), marked.value(member));
            let is = |index: &usize| self.fields.get(*index).is_some_and(|field| field.answers_to(&key));
            if let Some(index) = Some(next).filter(is).or_else(|| (0..self.fields.len()).find(is)) {
                self.fill_checked(index, value)?;
                next = index + 1;
            } else {
                self.keep(&key, value.raw);
            }
        }
        self.finish()
    }

    fn fill_checked(&mut self, index: usize, value: Checked<'_>) -> Result<(), DecodeReason> {
        let field = &self.fields[index];
        match field.codec.read {
            Some(read) if !self.seen.has(index) && read(value, self.slots[index]) => {
                self.seen.add(index);
                Ok(())
            }
            _ => self.fill(index, value.raw).map(drop),
        }
    }

    /// A key, its colon and its value; returns the rest.
    fn member<'t>(&mut self, text: &'t str) -> Result<&'t str, DecodeReason> {
        let unreadable = |error: serde_json::Error| DecodeReason::NotAnObject(cause(&error));
        let mut input = Deserializer::from_str(text);
        let name = Name { fields: self.fields, keep: self.rest.is_some() };
        let member = input.deserialize_str(name).map_err(unreadable)?;
        let value =
            after(behind(text, end(input)), ':').ok_or_else(|| damaged("`:` is missing after a key"))?;
        let value = blank(value);
        if let Key::Field(index) = member {
            return self.fill(index, value).map(|end| behind(value, end));
        }
        let mut input = Deserializer::from_str(value);
        IgnoredAny::deserialize(&mut input).map_err(unreadable)?;
        let end = end(input);
        if let Key::Other(key) = member {
            self.keep(&key, value.get(..end).unwrap_or(value));
        }
        Ok(behind(value, end))
    }

    /// Reads the value that `text` begins with; returns its end.
    fn fill(&mut self, index: usize, text: &str) -> Result<usize, DecodeReason> {
        let field = &self.fields[index];
        if self.seen.has(index) {
            return Err(DecodeReason::Twice { field: field.name });
        }
        self.seen.add(index);
        match (field.codec.decode)(text, self.slots[index]) {
            Ok(end) if ends(behind(text, end)) => Ok(end),
            Ok(_) => {
                let cause = format!("its value goes on behind what `{}` reads of it", field.ty);
                Err(DecodeReason::Invalid { field: field.name, cause })
            }
            // The original writes null for absent values: for a field with a default it means the
            // default.
            Err(_) if text.starts_with("null") && field.default.is_some() => Ok("null".len()),
            Err(error) => Err(invalid(field, &error)),
        }
    }

    fn keep(&mut self, key: &str, value: &str) {
        if let Some(rest) = &mut self.rest {
            if rest.len() > 1 {
                rest.push(b',');
            }
            json::string(key, rest);
            rest.push(b':');
            rest.extend_from_slice(value.as_bytes());
        }
    }

    fn finish(&mut self) -> Result<(), DecodeReason> {
        if let Some(mut rest) = self.rest.take() {
            rest.push(b'}');
            let text = String::from_utf8_lossy(&rest);
            for (index, field) in self.fields.iter().enumerate().filter(|(_, field)| field.flattened) {
                let read = (field.codec.decode)(&text, self.slots[index]);
                // One that need not be there is not, as with serde's own `flatten` of an `Option`.
                if let Err(error) = read
                    && !field.optional
                    && field.default.is_none()
                {
                    return Err(invalid(field, &error));
                }
            }
        }
        let missing = |(index, field): &(usize, &FieldDescriptor)| field.required && !self.seen.has(*index);
        match self.fields.iter().enumerate().find(missing) {
            Some((_, field)) => Err(DecodeReason::Missing { field: field.name }),
            None => Ok(()),
        }
    }
}

/// The position of a deserializer, which only its iterator has.
pub(super) fn end(input: Deserializer<StrRead<'_>>) -> usize {
    input.into_iter::<IgnoredAny>().byte_offset()
}

/// The text after a mark, if the mark comes next.
fn after(text: &str, mark: char) -> Option<&str> {
    blank(text).strip_prefix(mark)
}

/// The text without leading white space.
fn blank(text: &str) -> &str {
    text.trim_start_matches([' ', '\n', '\r', '\t'])
}

/// Whether a value ends before this text. A reader need not read all of a number: that of a `u128`
/// ends at the dot of `1.5`.
fn ends(rest: &str) -> bool {
    matches!(blank(rest).bytes().next(), None | Some(b',' | b'}'))
}

fn behind(text: &str, end: usize) -> &str {
    text.get(end..).unwrap_or("")
}

#[cold]
fn damaged(what: &str) -> DecodeReason {
    DecodeReason::NotAnObject(what.to_owned())
}

#[cold]
fn no_object(text: &str) -> DecodeReason {
    damaged(match blank(text).chars().next() {
        Some('[') => "it is an array",
        Some('"') => "it is a string",
        Some('t' | 'f') => "it is a boolean",
        Some('n') => "it is null",
        Some('-' | '0'..='9') => "it is a number",
        _ => "it is not JSON",
    })
}

/// Finds the field of a key without a copy of the key.
struct Name {
    fields: &'static [FieldDescriptor],
    keep: bool,
}

/// The meaning of a key in the event.
enum Key {
    Field(usize),
    Other(String),
    Passed,
}

impl Visitor<'_> for Name {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Key, E> {
        Ok(match self.fields.iter().position(|field| field.answers_to(key)) {
            Some(index) => Key::Field(index),
            None if self.keep => Key::Other(key.to_owned()),
            None => Key::Passed,
        })
    }
}
