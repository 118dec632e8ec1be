//! Hides content and keeps shape and keys.

use std::borrow::Cow;

use super::transcode::{Content, copy};
use super::{Descriptor, FieldDescriptor, transcode};
use crate::json;

/// The replacement of a string in a redacted field. A number becomes 0, a boolean false, null
/// stays.
pub const REDACTED: &str = "[redacted]";

/// The `data` of an event that was read, safe to be written again: the content of redacted fields
/// is hidden, everything else is unchanged, including unknown keys.
///
/// If the event has both redacted fields and an `upcast` hook, unknown keys are hidden too, because
/// one of them may be the older name of a redacted field. Data that is not an object, in an event
/// with redacted fields, is hidden completely.
pub fn redact_raw<'a>(descriptor: &Descriptor, data: &'a str) -> Cow<'a, str> {
    if !descriptor.has_redacted() {
        return Cow::Borrowed(data);
    }
    // Data that cannot be read as an object is hidden completely.
    Cow::Owned(object(descriptor, data).unwrap_or_else(|_| format!("\"{REDACTED}\"")))
}

fn object(descriptor: &Descriptor, data: &str) -> serde_json::Result<String> {
    let members: transcode::Members<'_> = serde_json::from_str(data)?;
    let mut out = Vec::with_capacity(data.len());
    out.push(b'{');
    for (key, value) in &members.0 {
        if out.len() > 1 {
            out.push(b',');
        }
        json::string(key, &mut out);
        out.push(b':');
        if hides(descriptor, key) {
            into(value.get().as_bytes(), &mut out)?;
        } else {
            out.extend_from_slice(value.get().as_bytes());
        }
    }
    out.push(b'}');
    string(out)
}

fn hides(descriptor: &Descriptor, key: &str) -> bool {
    let named = |field: &&FieldDescriptor| field.name == key || field.aliases.contains(&key);
    match descriptor.fields.iter().find(named) {
        Some(field) => field.redacted,
        None => {
            descriptor.upcast.is_some()
                || descriptor.fields.iter().any(|field| field.flattened && field.redacted)
        }
    }
}

/// Appends the shape of the JSON in `text` to `out`.
pub(super) fn into(text: &[u8], out: &mut Vec<u8>) -> serde_json::Result<()> {
    let mut input = serde_json::Deserializer::from_slice(text);
    copy(&mut input, &mut serde_json::Serializer::new(out), Content::Hidden)?;
    input.end()
}

/// The shape of the JSON in `text`.
pub(super) fn text(text: &[u8]) -> serde_json::Result<String> {
    let mut out = Vec::new();
    into(text, &mut out)?;
    string(out)
}

fn string(bytes: Vec<u8>) -> serde_json::Result<String> {
    String::from_utf8(bytes).map_err(|_| serde::ser::Error::custom("not UTF-8"))
}
