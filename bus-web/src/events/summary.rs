//! The data of an event in one line.

use bus_core::catalogue::Descriptor;
use serde_json::Value;

/// The longest summary, in characters.
const LONGEST: usize = 120;

/// Returns the values of the data in one line, with what a reader looks for first: text and
/// numbers in the declared order, then lists and objects, then flags, and at last the `keys` that
/// only connect the event with another.
pub(super) fn summary(data: &Value, descriptor: Option<&Descriptor>, keys: &[&str]) -> String {
    let mut text = String::new();
    match data {
        Value::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            members.sort_by_key(|(name, value)| (rank(name, value, keys), place(name, descriptor)));
            for (name, value) in &members {
                if text.len() > LONGEST * 4 {
                    break;
                }
                if !text.is_empty() {
                    text.push(' ');
                }
                if members.len() > 1 {
                    text.push_str(name);
                    text.push('=');
                }
                push(&mut text, value);
            }
        }
        Value::Null => {}
        other => push(&mut text, other),
    }
    shorten(&text)
}

fn rank(name: &str, value: &Value, keys: &[&str]) -> u8 {
    match value {
        _ if keys.contains(&name) => 3,
        Value::String(_) | Value::Number(_) => 0,
        Value::Array(_) | Value::Object(_) => 1,
        Value::Bool(_) | Value::Null => 2,
    }
}

/// The place of a field in its definition; what nobody declared comes last.
fn place(name: &str, descriptor: Option<&Descriptor>) -> usize {
    let fields = descriptor.map_or(&[][..], |descriptor| descriptor.fields);
    fields.iter().position(|field| field.name == name).unwrap_or(fields.len())
}

fn push(text: &mut String, value: &Value) {
    match value {
        // Only its beginning is shown, and it may have megabytes.
        Value::String(value) => text.extend(value.chars().take(LONGEST + 1)),
        other => text.extend(other.to_string().chars().take(LONGEST + 1)),
    }
}

/// One line of at most so many characters.
fn shorten(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    if text.chars().count() <= LONGEST {
        return text.chars().map(plain).collect();
    }
    text.chars().take(LONGEST - 1).map(plain).chain(['…']).collect()
}
