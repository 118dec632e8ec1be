//! Conditions on the data of an event.

use serde_json::Value;

/// Whether the member at a path has a value; of a list, whether one element has.
pub(super) fn has(data: &Value, path: &str, value: &str) -> bool {
    if let Value::Array(elements) = data {
        return elements.iter().any(|element| has(element, path, value));
    }
    let Value::Object(members) = data else { return false };
    // A name may have a dot itself.
    let whole = members.get(path).is_some_and(|member| is(member, value));
    whole
        || path.match_indices('.').any(|(dot, _)| {
            members.get(&path[..dot]).is_some_and(|member| has(member, &path[dot + 1..], value))
        })
}

fn is(member: &Value, value: &str) -> bool {
    match member {
        Value::String(text) => text == value,
        Value::Array(elements) => elements.iter().any(|element| is(element, value)),
        Value::Object(_) => false,
        Value::Null => value == "null",
        Value::Bool(is) => value.parse() == Ok(*is),
        Value::Number(number) => number.to_string() == value,
    }
}

/// Whether the members of the data report an error.
pub(super) fn is_error(data: &Value) -> bool {
    let empty = match &data["error"] {
        Value::Null => true,
        Value::Bool(is) => !is,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.is_empty(),
    };
    !empty || data["is_error"] == true
}

/// A text that is searched for, in small letters.
pub(super) struct Text(String);

impl Text {
    pub(super) fn new(text: &str) -> Self {
        Self(text.to_lowercase())
    }

    pub(super) fn is_in(&self, text: &str) -> bool {
        let wanted = self.0.as_bytes();
        if !self.0.is_ascii() {
            return text.to_lowercase().contains(&self.0);
        }
        // No copy of a long text.
        wanted.is_empty()
            || text.as_bytes().windows(wanted.len()).any(|part| part.eq_ignore_ascii_case(wanted))
    }

    /// Whether it is in one of the texts and numbers of a value.
    pub(super) fn is_in_value(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.is_in(text),
            Value::Number(number) => self.is_in(&number.to_string()),
            Value::Array(elements) => elements.iter().any(|element| self.is_in_value(element)),
            Value::Object(members) => members.values().any(|member| self.is_in_value(member)),
            Value::Null | Value::Bool(_) => false,
        }
    }
}
