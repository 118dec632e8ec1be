//! The object around `data`.

use serde_json::{Map, Value, json};

use super::names::{Names, reference};
use crate::envelope::{Form, Key, shared};
use crate::model::{Event, Scope, pattern};

/// The definitions that every envelope names.
pub(crate) fn keys(names: &Names<'_>) -> Map<String, Value> {
    let timestamp = json!({
        "title": names.timestamp,
        "description": "A time, as in ISO 8601. Without an offset it is in the zone of its writer.",
        "type": "string",
        "pattern": pattern::timestamp(),
        "examples": ["2026-01-01T12:00:00.000000+00:00"],
    });
    let id = json!({
        "title": names.event_id,
        "description": "The id of an event: the run of its bus and its position in that run, or the id that another system gave it.",
        "type": "string",
        "examples": ["0000000000000001-7"],
    });
    Map::from_iter([(names.timestamp.clone(), timestamp), (names.event_id.clone(), id)])
}

/// The whole event. The validator sees `type` first, so that the other kinds of a bundle fail at
/// once.
pub(crate) fn envelope(names: &Names<'_>, event: &Event) -> Map<String, Value> {
    let kinds: Vec<&String> = std::iter::once(&event.kind).chain(&event.aliases).collect();
    let mut properties = scope(names, event.scope);
    properties.insert("type".to_owned(), json!({ "type": "string", "enum": kinds }));
    let mut required = vec!["type", "stream_id", "timestamp"];
    // A reader takes missing data for an empty object.
    required.extend(event.fields.iter().any(|field| field.required).then_some("data"));
    let mut schema = Map::new();
    let data = reference(names.data(event));
    if event.upcast {
        // Older data is converted when the bus reads it; the schema can only describe the current
        // version. A line without a version, or with one of another system, has the first; of a
        // fraction the whole part counts.
        let beyond = u64::from(u32::MAX) + 1;
        let current = json!({ "type": "number", "minimum": event.version, "exclusiveMaximum": beyond });
        let older = json!({ "anyOf": [
            { "type": ["number", "null"], "exclusiveMaximum": event.version },
            { "type": "number", "minimum": beyond },
            { "type": "string" },
        ] });
        schema.insert(
            "anyOf".to_owned(),
            json!([
                { "properties": { "version": current, "data": data }, "required": ["version"] },
                { "properties": { "version": older, "data": { "type": "object" } } },
            ]),
        );
        properties.insert("data".to_owned(), json!({ "type": "object" }));
    } else {
        properties.insert("data".to_owned(), data);
    }
    schema.insert("title".to_owned(), json!(names.event(event)));
    if !event.docs.is_empty() {
        schema.insert("description".to_owned(), json!(event.docs));
    }
    if event.deprecated.is_some() {
        schema.insert("deprecated".to_owned(), json!(true));
    }
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("properties".to_owned(), Value::Object(properties));
    schema.insert("required".to_owned(), json!(required));
    schema
}

/// The keys of the envelope but `type` and `data`. The bus reads an event without the scope that
/// its emit needs, so none of it is required.
pub(crate) fn scope(names: &Names<'_>, scope: Scope) -> Map<String, Value> {
    let never_null = |name: &str| match name {
        "node_id" => scope.node,
        "execution_id" => scope.execution,
        _ => false,
    };
    let property = |key: &Key| {
        let docs =
            if never_null(key.name) { &format!("{} The bus never writes null.", key.docs) } else { key.docs };
        (key.name.to_owned(), value(names, key.form, docs))
    };
    shared().map(property).collect()
}

/// A value of the envelope, in every form that the bus reads.
fn value(names: &Names<'_>, form: Form, docs: &str) -> Value {
    match form {
        Form::Text => json!({ "type": "string", "description": docs }),
        Form::Maybe => json!({ "type": ["string", "null"], "description": docs }),
        Form::Time => reference(&names.timestamp),
        Form::Id => json!({ "anyOf": [reference(&names.event_id), { "type": "null" }], "description": docs }),
        Form::Number => json!({ "type": ["integer", "number", "string", "null"], "description": docs }),
        Form::Object => json!({ "type": "object", "description": docs }),
    }
}
