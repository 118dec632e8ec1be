//! AsyncAPI 3.0: a channel for each scope, a message for each kind.
//!
//! AsyncAPI's own schemas are those of JSON Schema draft 7 with a few more keywords. References are
//! moved to the document's components, and keywords of 2020-12 in field types are written in the
//! form of draft 7.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::envelope::docs;
use crate::json_schema::{Names, data, envelope, keys, scope};
use crate::model::{Catalog, Event, Scope, children, type_name};
use crate::output::{self, GENERATED};

pub(crate) fn render(catalog: &Catalog) -> String {
    let mut by_scope: BTreeMap<Scope, Vec<&Event>> = BTreeMap::new();
    for event in &catalog.events {
        by_scope.entry(event.scope).or_default().push(event);
    }
    let (mut channels, mut operations) = (Map::new(), Map::new());
    for (scope, events) in &by_scope {
        let name = name(*scope);
        channels.insert(name.to_owned(), channel(*scope, events));
        operations.insert(format!("emit_on_{name}"), operation(*scope, events));
    }
    let names = Names::of(catalog);
    let messages: Map<String, Value> =
        catalog.events.iter().map(|event| (event.kind.clone(), message(&names, event))).collect();
    let schemas = schemas(catalog, &names);
    let document = json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": catalog.title,
            "version": "1.0.0",
            "description": format!("{GENERATED} Each event's own version is in its envelope."),
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": { "messages": messages, "schemas": schemas },
    });
    output::json(&document)
}

fn name(scope: Scope) -> &'static str {
    match (scope.node, scope.execution) {
        (false, false) => "stream",
        (true, false) => "node",
        (false, true) => "execution",
        (true, true) => "execution_node",
    }
}

/// The schemas that messages name. Their names are identifiers, which AsyncAPI allows as keys.
fn schemas(catalog: &Catalog, names: &Names<'_>) -> Map<String, Value> {
    let mut schemas: Map<String, Value> =
        catalog.types.iter().map(|(name, schema)| (name.clone(), moved(schema.clone()))).collect();
    schemas.extend(keys(names));
    for event in &catalog.events {
        schemas.insert(names.event(event).to_owned(), moved(Value::Object(envelope(names, event))));
        schemas.insert(names.data(event).to_owned(), moved(data(catalog, names, event)));
    }
    schemas.insert(names.headers.clone(), headers(names));
    schemas
}

fn channel(scope: Scope, events: &[&Event]) -> Value {
    let mut address = "streams/{stream_id}".to_owned();
    let mut parameters = Map::new();
    let mut add = |name: &str, path: &str| {
        address.push_str(path);
        parameters.insert(name.to_owned(), json!({ "description": docs(name) }));
    };
    add("stream_id", "");
    if scope.execution {
        add("execution_id", "/executions/{execution_id}");
    }
    if scope.node {
        add("node_id", "/nodes/{node_id}");
    }
    let messages: Map<String, Value> = events
        .iter()
        .map(|event| (event.kind.clone(), json!({ "$ref": format!("#/components/messages/{}", event.kind) })))
        .collect();
    json!({
        "address": address,
        "description": format!("Events that need this scope to be emitted: {}.", scope.words()),
        "parameters": parameters,
        "messages": messages,
    })
}

fn operation(scope: Scope, events: &[&Event]) -> Value {
    let channel = name(scope);
    let messages =
        events.iter().map(|event| json!({ "$ref": format!("#/channels/{channel}/messages/{}", event.kind) }));
    json!({
        "action": "send",
        "channel": { "$ref": format!("#/channels/{channel}") },
        "summary": format!("Events that the runtime emits with this scope: {}.", scope.words()),
        "messages": messages.collect::<Vec<_>>(),
    })
}

fn message(names: &Names<'_>, event: &Event) -> Value {
    let schema = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    let mut message = Map::from_iter([
        ("name".to_owned(), json!(event.kind)),
        ("title".to_owned(), json!(event.name)),
        ("contentType".to_owned(), json!("application/json")),
        ("headers".to_owned(), schema(&names.headers)),
        ("payload".to_owned(), schema(names.event(event))),
    ]);
    let mut paragraphs = event.docs.splitn(2, "\n\n").map(str::trim).filter(|text| !text.is_empty());
    if let Some(first) = paragraphs.next() {
        message.insert("summary".to_owned(), json!(first.replace('\n', " ")));
    }
    if let Some(rest) = paragraphs.next() {
        message.insert("description".to_owned(), json!(rest));
    }
    if !event.definition.is_empty() {
        message.insert("tags".to_owned(), json!([{ "name": event.definition }]));
    }
    if let Some(example) = example(event) {
        message.insert("examples".to_owned(), json!([{ "name": event.kind, "payload": example }]));
    }
    Value::Object(message)
}

/// The example, unless a parser would follow a key of it.
fn example(event: &Event) -> Option<Value> {
    serde_json::from_str(event.example.as_deref()?).ok().filter(|example| !refers(example))
}

fn refers(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(key, value)| key == "$ref" || refers(value)),
        Value::Array(items) => items.iter().any(refers),
        _ => false,
    }
}

/// The keys of the envelope, for a transport that routes by headers and does not read the payload.
fn headers(names: &Names<'_>) -> Value {
    let mut properties = scope(names, Scope::default());
    properties.insert("type".to_owned(), json!({ "type": "string", "description": docs("type") }));
    moved(json!({
        "type": "object",
        "description": "The envelope's keys, for transports that route by header. The payload has them too.",
        "properties": properties,
    }))
}

/// The schema in the form of draft 7, with references into the document.
fn moved(mut schema: Value) -> Value {
    let Value::Object(object) = &mut schema else { return schema };
    if let Some(places) = object.remove("prefixItems") {
        object.insert("items".to_owned(), places);
    }
    // A parser takes the description of a key of this name for a reference.
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        properties.remove("$ref");
    }
    if let Some(Value::Array(required)) = object.get_mut("required") {
        required.retain(|name| name != "$ref");
    }
    for child in children(object) {
        let inside = std::mem::take(child);
        *child = moved(inside);
    }
    if let Some(Value::Array(places)) = object.get_mut("items") {
        for place in places {
            *place = moved(std::mem::take(place));
        }
    }
    let reference = object.remove("$ref");
    if let Some(name) = type_name(reference.as_ref()) {
        let to = json!({ "$ref": format!("#/components/schemas/{name}") });
        // Draft 7 ignores the keywords beside a reference.
        if object.is_empty() {
            return to;
        }
        object.insert("allOf".to_owned(), json!([to]));
    }
    object.remove("deprecated");
    schema
}
