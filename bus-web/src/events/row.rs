//! Rows of an index: what a list shows of an event, without its data.

use bus_core::AnyEvent;
use bus_core::catalogue::{Descriptor, Life};
use serde::Serialize;
use serde_json::Value;

use super::summary::summary;

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
        summary: summary(data, descriptor, keys(descriptor)),
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

/// The fields by which an event belongs to another.
fn keys(descriptor: Option<&'static Descriptor>) -> &'static [&'static str] {
    let Some(descriptor) = descriptor else { return &[] };
    let ends = descriptor.ends_with.first().map(|ends| ends.by);
    ends.or_else(|| begins(descriptor.kind).map(|(_, by)| by)).unwrap_or_default()
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
