//! Deltas of one message as one event.

use serde_json::Value;

use super::fields::Content;
use crate::event::ReadEvent;
use crate::payload::REDACTED;

/// The fields with the new text of a delta.
const TEXTS: [&str; 3] = ["content", "text", "delta"];

/// Whether events of this kind are parts of a whole: declared as `transient`, or an undeclared kind
/// that says so in its name.
pub(super) fn is_delta(event: &ReadEvent) -> bool {
    let by_name = || event.kind().to_ascii_lowercase().ends_with("_delta");
    event.descriptor().map_or_else(by_name, |event| event.policy.transient)
}

/// Appends a delta to the one before it and returns true, unless they belong to different messages:
/// another value than the text differs.
pub(super) fn append(last: &mut Content, next: &Content) -> bool {
    let same = |name: &String| name == "data" || last.get(name) == next.get(name);
    if !last.keys().chain(next.keys()).all(same) {
        return false;
    }
    let (Some(Value::Object(before)), Some(Value::Object(after))) = (last.get_mut("data"), next.get("data"))
    else {
        return false;
    };
    let of_one_message = texts(after).next().is_some()
        && before.keys().eq(after.keys())
        && after.iter().all(|(name, new)| goes_on(name, &before[name], new, after));
    if of_one_message {
        for (name, old) in before {
            match (old, &after[name]) {
                (Value::String(old), Value::String(new)) if is_text(name) && new != REDACTED => {
                    old.push_str(new);
                }
                (old, new) => *old = new.clone(),
            }
        }
    }
    of_one_message
}

fn is_text(name: &str) -> bool {
    TEXTS.contains(&name)
}

fn texts(delta: &Content) -> impl Iterator<Item = &str> {
    TEXTS.iter().filter_map(|name| delta.get(*name)?.as_str())
}

/// Whether a value is as it was, is the new text, or is the whole text with the new one at its end.
fn goes_on(name: &str, old: &Value, new: &Value, delta: &Content) -> bool {
    let (Value::String(old), Value::String(new)) = (old, new) else { return old == new };
    is_text(name) || old == new || texts(delta).any(|text| new.strip_prefix(&**old) == Some(text))
}
