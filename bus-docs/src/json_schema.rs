//! JSON Schema 2020-12: one file for each kind, and one bundle of all.
//!
//! A schema describes the event as a line has it: envelope and data. It accepts every event that
//! the bus reads: a field with a default may be missing, unknown keys are ignored, older names are
//! known.

use serde_json::{Map, Value, json};

use crate::model::{Catalog, Event, Field, Scope, children, type_name};
use crate::output::{Files, GENERATED};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The file of one kind.
pub(crate) fn path(kind: &str) -> String {
    format!("schema/{}.schema.json", crate::output::file_name(kind))
}

pub(crate) fn render(catalog: &Catalog) -> Files {
    let mut files = Files::new();
    for event in &catalog.events {
        files.insert(path(&event.kind), text(&single(catalog, event)));
    }
    files.insert("schema/events.schema.json".to_owned(), text(&bundle(catalog)));
    files
}

fn text(schema: &Value) -> String {
    format!("{schema:#}\n")
}

/// One kind alone, with the types that it names.
fn single(catalog: &Catalog, event: &Event) -> Value {
    let mut schema = envelope(event);
    schema.insert("$schema".to_owned(), json!(DIALECT));
    schema.insert("$id".to_owned(), json!(format!("{}.schema.json", crate::output::file_name(&event.kind))));
    schema.insert("$comment".to_owned(), json!(GENERATED));
    let mut types = Map::new();
    collect(&Value::Object(schema.clone()), catalog, &mut types);
    if !types.is_empty() {
        schema.insert("$defs".to_owned(), Value::Object(types));
    }
    Value::Object(schema)
}

fn collect(schema: &Value, catalog: &Catalog, found: &mut Map<String, Value>) {
    let Value::Object(object) = schema else { return };
    if let Some(name) = object.get("$ref").and_then(Value::as_str).and_then(type_name)
        && let (Some(schema), false) = (catalog.types.get(name), found.contains_key(name))
    {
        found.insert(name.to_owned(), schema.clone());
        collect(schema, catalog, found);
    }
    let mut object = object.clone();
    for child in children(&mut object) {
        collect(child, catalog, found);
    }
}

/// All kinds in one file: an event is exactly one of them.
fn bundle(catalog: &Catalog) -> Value {
    let mut definitions: Map<String, Value> =
        catalog.types.iter().map(|(name, schema)| (name.clone(), schema.clone())).collect();
    let mut choices = Vec::new();
    for event in &catalog.events {
        choices.push(json!({ "$ref": format!("#/$defs/{}", pointer(&event.kind)) }));
        definitions.insert(event.kind.clone(), Value::Object(envelope(event)));
    }
    json!({
        "$schema": DIALECT,
        "$id": "events.schema.json",
        "$comment": GENERATED,
        "title": catalog.title,
        "description": "One event as a line of JSON. Kinds that no definition declares are not included.",
        "oneOf": choices,
        "$defs": definitions,
    })
}

/// A key as part of a JSON pointer in a reference.
pub(crate) fn pointer(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The whole event. The validator sees `type` first, so that the other kinds of a bundle fail at
/// once.
pub(crate) fn envelope(event: &Event) -> Map<String, Value> {
    let kinds: Vec<&String> = std::iter::once(&event.kind).chain(&event.aliases).collect();
    let kind = if let [kind] = kinds[..] { json!({ "const": kind }) } else { json!({ "enum": kinds }) };
    let mut properties = scope(event.scope);
    properties.insert("type".to_owned(), kind);
    let mut required = vec!["type", "stream_id", "data", "timestamp"];
    required.extend(event.scope.node.then_some("node_id"));
    required.extend(event.scope.execution.then_some("execution_id"));
    let mut schema = Map::new();
    if event.upcast {
        // Older data is converted when the bus reads it; the schema can only describe the current
        // version.
        let today =
            json!({ "properties": { "version": { "const": event.version } }, "required": ["version"] });
        schema.insert("if".to_owned(), today);
        schema.insert("then".to_owned(), json!({ "properties": { "data": data(event) } }));
        properties.insert("data".to_owned(), json!({ "type": "object" }));
    } else {
        properties.insert("data".to_owned(), data(event));
    }
    schema.insert("title".to_owned(), json!(event.name));
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

/// The keys of the envelope.
pub(crate) fn scope(scope: Scope) -> Map<String, Value> {
    let id = |needed: bool, what: &str| {
        let ty = if needed { json!("string") } else { json!(["string", "null"]) };
        json!({ "type": ty, "description": what })
    };
    let time = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d([.,]\d+)?([Zz]|[+-]\d\d:?\d\d)?$";
    let number = |least: u32, what: &str| json!({ "type": ["integer", "null"], "minimum": least, "description": what });
    Map::from_iter([
        ("stream_id".to_owned(), id(true, "The stream it happened on.")),
        ("node_id".to_owned(), id(scope.node, "The node it happened in.")),
        ("execution_id".to_owned(), id(scope.execution, "The execution it belongs to.")),
        ("correlation_id".to_owned(), id(false, "The external request that it belongs to.")),
        (
            "timestamp".to_owned(),
            json!({ "type": "string", "pattern": time,
                    "description": "When it happened, as in ISO 8601. Without an offset it is in the zone of its writer." }),
        ),
        ("id".to_owned(), id(false, "The event's id: the run of the bus and the position in that run.")),
        ("seq".to_owned(), number(0, "Its position in the order of the bus.")),
        ("version".to_owned(), number(1, "The version of its data's schema.")),
        ("causation_id".to_owned(), id(false, "The event in whose handler it was emitted.")),
    ])
}

/// The keys of `data`.
fn data(event: &Event) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    let mut either = Vec::new();
    for field in event.fields.iter().filter(|field| field.on_wire() && !field.flattened) {
        for alias in &field.aliases {
            let mut older = described(field);
            older["description"] = json!(format!("The older name of `{}`.", field.name));
            older["deprecated"] = json!(true);
            properties.insert(alias.clone(), older);
        }
        properties.insert(field.name.clone(), described(field));
        if field.required && field.aliases.is_empty() {
            required.push(&field.name);
        } else if field.required {
            let names = std::iter::once(&field.name).chain(&field.aliases);
            // Strict validators need the property beside the requirement.
            let there = |name: &String| json!({ "properties": { name: true }, "required": [name] });
            either.push(json!({ "anyOf": names.map(there).collect::<Vec<_>>() }));
        }
    }
    let mut schema = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    if !either.is_empty() {
        schema["allOf"] = json!(either);
    }
    schema
}

/// The schema of a field, with the facts from its definition.
fn described(field: &Field) -> Value {
    let mut schema = match &field.schema {
        Some(Value::Object(schema)) => schema.clone(),
        _ => Map::new(),
    };
    let mut words = vec![field.docs.clone()];
    if field.schema.is_none() {
        words.push(format!("Its type in Rust is `{}`, which has no schema.", field.ty));
    }
    if field.redacted {
        words.push("Its content is hidden: strings are `[redacted]`, numbers 0.".to_owned());
    }
    words.retain(|text| !text.is_empty());
    if !words.is_empty() {
        schema.insert("description".to_owned(), json!(words.join("\n\n")));
    }
    if let (Some(value), false) = (&field.default_value, field.required) {
        schema.insert("default".to_owned(), value.clone());
    }
    Value::Object(schema)
}
