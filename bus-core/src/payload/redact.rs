//! Hiding content while keeping shape and keys.

use serde_json::value::RawValue;

use super::transcode::{Content, copy};
use super::{Descriptor, FieldDescriptor, transcode};

/// What a string in a redacted field becomes. A number becomes 0, a boolean false, null stays.
pub const REDACTED: &str = "[redacted]";

/// The `data` of an event that was read, fit to be written again: the content of redacted fields is hidden, all else is
/// as it was, unknown keys among it.
///
/// Where the event has both redacted fields and an `upcast` hook, unknown keys are hidden too, since one of them may be
/// the older name of a redacted field. What is not an object, in an event with redacted fields, is hidden whole.
pub fn redact_raw(descriptor: &Descriptor, data: &RawValue) -> Box<RawValue> {
    if !descriptor.has_redacted() {
        return data.to_owned();
    }
    match object(descriptor, data).and_then(RawValue::from_string) {
        Ok(data) => data,
        Err(_) => nothing(),
    }
}

fn object(descriptor: &Descriptor, data: &RawValue) -> serde_json::Result<String> {
    let members: transcode::Members<'_> = serde_json::from_str(data.get())?;
    let mut out = Vec::with_capacity(data.get().len());
    out.push(b'{');
    for (key, value) in &members.0 {
        if out.len() > 1 {
            out.push(b',');
        }
        super::encode::push_string(&mut out, key);
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

/// For data that cannot even be read as JSON.
fn nothing() -> Box<RawValue> {
    serde_json::value::to_raw_value(REDACTED).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
