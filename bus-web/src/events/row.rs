//! Rows of an index: what a list shows of an event, without its data.

use bus_core::AnyEvent;
use bus_core::catalogue::{Descriptor, Life};
use serde::Serialize;
use serde_json::Value;

/// The longest summary, in characters.
const SUMMARY: usize = 120;

#[derive(Serialize)]
struct Row<'a> {
    cursor: String,
    seq: u64,
    time: Value,
    kind: &'a str,
    stream: &'a str,
    node: Option<&'a str>,
    execution: Option<&'a str>,
    parent_execution: Option<&'a str>,
    cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    life: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pair: Option<Pair>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    error: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    redacted: bool,
    size: usize,
    summary: String,
}

/// Which pair an event begins or ends: both have the same key.
#[derive(Serialize)]
struct Pair {
    key: String,
    end: bool,
}

/// Writes an event as a row.
pub(crate) fn row(event: &AnyEvent) -> String {
    let text = event.to_json();
    let envelope: Value = serde_json::from_str(&text).unwrap_or_default();
    let data = &envelope["data"];
    let descriptor = event.descriptor();
    let row = Row {
        cursor: event.cursor().to_string(),
        seq: event.seq(),
        time: envelope["timestamp"].clone(),
        kind: event.kind(),
        stream: event.stream(),
        node: event.node(),
        execution: event.execution(),
        parent_execution: event.parent_execution(),
        cause: event.causation().map(|cause| cause.to_string()),
        life: descriptor.and_then(|event| event.life).map(life),
        pair: descriptor.and_then(|descriptor| pair(event, descriptor, data)),
        error: event.is_error(),
        redacted: descriptor.is_some_and(Descriptor::has_redacted),
        size: text.len(),
        summary: summary(data),
    };
    serde_json::to_string(&row).unwrap_or_default()
}

fn life(step: Life) -> &'static str {
    match step {
        Life::Pauses => "paused",
        Life::Resumes => "resumed",
        other => other.as_str(),
    }
}

/// The pair that an event begins, or else the first that it ends.
fn pair(event: &AnyEvent, descriptor: &'static Descriptor, data: &Value) -> Option<Pair> {
    let key = |begins: &Descriptor, by: &[&str]| {
        let scope = [Some(event.stream()), event.node(), event.execution()];
        let fields: Vec<&Value> = by.iter().map(|name| &data[*name]).collect();
        serde_json::json!([begins.kind, scope, fields]).to_string()
    };
    if let Some(ends) = descriptor.ends_with.first() {
        return Some(Pair { key: key(descriptor, ends.by), end: false });
    }
    let (begins, by) = begins(descriptor.kind)?;
    Some(Pair { key: key(begins, by), end: true })
}

/// The first kind that this one ends.
fn begins(kind: &str) -> Option<(&'static Descriptor, &'static [&'static str])> {
    use std::collections::HashMap;
    use std::sync::OnceLock;

    type Ends = HashMap<&'static str, (&'static Descriptor, &'static [&'static str])>;
    static ENDS: OnceLock<Ends> = OnceLock::new();
    let ends = ENDS.get_or_init(|| {
        let linked = bus_core::catalogue::Catalogue::linked().ok();
        let mut ends = Ends::new();
        for begins in linked.iter().flat_map(bus_core::catalogue::Catalogue::iter) {
            for end in begins.ends_with {
                ends.entry(end.kind).or_insert((begins, end.by));
            }
        }
        ends
    });
    ends.get(kind).copied()
}

/// The values of the data in one line: text first, since a reader looks for that.
fn summary(data: &Value) -> String {
    let mut text = String::new();
    match data {
        Value::Object(members) => {
            let is_only = members.len() == 1;
            for (name, value) in members {
                if text.len() > SUMMARY * 4 {
                    break;
                }
                if !text.is_empty() {
                    text.push(' ');
                }
                if !is_only {
                    text.push_str(name);
                    text.push('=');
                }
                push_value(&mut text, value);
            }
        }
        Value::Null => {}
        other => push_value(&mut text, other),
    }
    shorten(&text)
}

fn push_value(text: &mut String, value: &Value) {
    match value {
        // Only its beginning is shown, and it may have megabytes.
        Value::String(value) => text.extend(value.chars().take(SUMMARY + 1)),
        other => text.extend(other.to_string().chars().take(SUMMARY + 1)),
    }
}

/// One line of at most so many characters.
fn shorten(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    if text.chars().count() <= SUMMARY {
        return text.chars().map(plain).collect();
    }
    text.chars().take(SUMMARY - 1).map(plain).chain(['…']).collect()
}
