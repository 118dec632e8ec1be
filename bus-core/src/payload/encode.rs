//! Writing: a JSON object and a `Debug` text from the fields of an event.

use std::any::Any;
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use super::transcode::Members;
use super::{Descriptor, ErasedPayload, FieldDescriptor, redact};
use crate::excerpt::excerpt;
use crate::json;

/// A payload that could not be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodeError {
    kind: Cow<'static, str>,
    field: Cow<'static, str>,
    cause: String,
}

impl EncodeError {
    /// The kind of the event.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The field that could not be written, by its name on the wire. Where the event is too large,
    /// it is the largest field, or the part of the scope that is larger.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// The event has more bytes than a reader takes; so much of them is in that field.
    pub(crate) fn too_large(kind: &str, field: &str, part: usize, bytes: usize, limit: usize) -> Self {
        let cause = format!(
            "it has {part} bytes, and the event {bytes}, more than the {limit} that a reader takes: send a reference \
             instead"
        );
        Self { kind: kind.to_owned().into(), field: field.to_owned().into(), cause }
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, field) = (excerpt(&self.kind), excerpt(&self.field));
        write!(f, "`{kind}` cannot be written: field `{field}`: {}", self.cause)
    }
}

impl std::error::Error for EncodeError {}

/// Appends the JSON object of `payload`; on an error `out` is as before.
pub(super) fn encode(payload: &dyn ErasedPayload, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let descriptor = payload.descriptor();
    let start = out.len();
    let mut result = Ok(());
    out.push(b'{');
    payload.visit_fields(&mut |values| {
        for (field, value) in descriptor.fields.iter().zip(values) {
            if field.skips(*value) {
                continue;
            }
            if let Err(cause) = member(field, *value, out, start + 1) {
                result = Err(EncodeError { kind: descriptor.kind.into(), field: field.name.into(), cause });
                return;
            }
        }
    });
    out.push(b'}');
    let result = result.and_then(|()| once(descriptor, &out[start..]));
    if result.is_err() {
        out.truncate(start);
    }
    result
}

/// Returns the field with the most bytes of an event, and their number.
pub(super) fn largest(payload: &dyn ErasedPayload) -> (&'static str, usize) {
    let mut largest = ("data", 0);
    payload.visit_fields(&mut |values| {
        for (field, value) in payload.descriptor().fields.iter().zip(values) {
            let bytes = if field.skips(*value) { 0 } else { raw(field, *value).map_or(0, |text| text.len()) };
            if bytes > largest.1 {
                largest = (field.name, bytes);
            }
        }
    });
    largest
}

/// A flattened map may have a key that the event already has, which no reader would accept.
fn once(descriptor: &Descriptor, text: &[u8]) -> Result<(), EncodeError> {
    let Some(field) = descriptor.fields.iter().find(|field| field.flattened) else { return Ok(()) };
    let failed = |cause| EncodeError { kind: descriptor.kind.into(), field: field.name.into(), cause };
    let members: Members<'_> = serde_json::from_slice(text).map_err(|error| failed(shown(error)))?;
    let mut seen = HashSet::new();
    match members.0.iter().find(|(key, _)| !seen.insert(key)) {
        Some((key, _)) => Err(failed(format!(
            "key `{}` is in the event twice, and no reader would take it: leave it out of what is flattened",
            excerpt(key)
        ))),
        None => Ok(()),
    }
}

/// Appends `"name":value`, with a comma unless `out` ends at `first`.
fn member(field: &FieldDescriptor, value: &dyn Any, out: &mut Vec<u8>, first: usize) -> Result<(), String> {
    if field.flattened {
        return flattened(field, value, out, first);
    }
    if out.len() > first {
        out.push(b',');
    }
    json::string(field.name, out);
    out.push(b':');
    let start = out.len();
    if field.redacted {
        let text = raw(field, value)?;
        redact::into(&text, out).map_err(|_| hidden())?;
    } else {
        (field.codec.encode)(value, out).map_err(shown)?;
    }
    // Values that are read without serde need no check.
    if field.codec.read.is_some() { Ok(()) } else { readable(field, out, start, json::LEVELS - 2) }
}

/// Checks that a reader accepts the value that begins at `start`, and puts it on one line. The
/// event and its `data` are one level each.
fn readable(field: &FieldDescriptor, out: &mut Vec<u8>, start: usize, levels: usize) -> Result<(), String> {
    let text = std::str::from_utf8(&out[start..]).map_err(shown)?;
    let broken = json::check(text, levels, field.codec.distinct).map_err(|error| error.to_string())?;
    if broken {
        // A line break in JSON is between two values.
        let text = out.split_off(start);
        out.extend(text.into_iter().filter(|byte| !matches!(byte, b'\n' | b'\r')));
    }
    Ok(())
}

fn flattened(
    field: &FieldDescriptor,
    value: &dyn Any,
    out: &mut Vec<u8>,
    first: usize,
) -> Result<(), String> {
    let mut text = raw(field, value)?;
    if field.redacted {
        let mut shape = Vec::new();
        redact::into(&text, &mut shape).map_err(|_| hidden())?;
        text = shape;
    }
    readable(field, &mut text, 0, json::LEVELS - 1)?;
    let inner = text.strip_prefix(b"{").and_then(|text| text.strip_suffix(b"}"));
    let Some(inner) = inner else {
        return Err("only a map or a struct can be flattened into the event".to_owned());
    };
    if !inner.is_empty() {
        if out.len() > first {
            out.push(b',');
        }
        out.extend_from_slice(inner);
    }
    Ok(())
}

/// The field as its type writes it, without redaction.
pub(super) fn raw(field: &FieldDescriptor, value: &dyn Any) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    match (field.codec.encode)(value, &mut text) {
        Ok(()) => Ok(text),
        Err(_) if field.redacted => Err(hidden()),
        Err(error) => Err(shown(error)),
    }
}

/// The text of an error of foreign code, shortened.
fn shown(error: impl fmt::Display) -> String {
    excerpt(&error.to_string()).to_string()
}

fn hidden() -> String {
    "its value cannot be written as JSON (not shown: the field is redacted)".to_owned()
}

/// Like a derived `Debug`; of a redacted field only the shape.
pub(super) fn debug(payload: &dyn ErasedPayload, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let descriptor = payload.descriptor();
    let mut result = Ok(());
    payload.visit_fields(&mut |values| {
        if values.is_empty() {
            result = f.write_str(descriptor.name);
            return;
        }
        let mut output = f.debug_struct(descriptor.name);
        for (field, value) in descriptor.fields.iter().zip(values) {
            output.field(field.ident, &FieldDebug { field, value: *value });
        }
        result = output.finish();
    });
    result
}

struct FieldDebug<'a> {
    field: &'a FieldDescriptor,
    value: &'a dyn Any,
}

impl fmt::Debug for FieldDebug<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.redacted {
            let shape = raw(self.field, self.value).ok().and_then(|text| redact::text(&text).ok());
            return f.write_str(shape.as_deref().unwrap_or(redact::REDACTED));
        }
        match (self.field.codec.debug)(self.value) {
            Some(value) => value.fmt(f),
            None => Err(fmt::Error),
        }
    }
}
