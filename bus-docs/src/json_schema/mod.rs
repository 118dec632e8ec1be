//! JSON Schema 2020-12: one file for each kind, and one bundle of all.
//!
//! A schema describes the event as a line has it: envelope and data. It accepts every event that
//! the bus reads with the type of its kind, and none that it does not: a field with a default may
//! be missing or null, unknown keys are ignored, older names are known.
//!
//! The form is one that code generators and validators understand alike: what has a name in Rust is
//! a definition whose key is an identifier, no schema is a boolean, no default is null, each
//! constant has its type.

mod data;
mod envelope;
mod names;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::model::{Catalog, Event, reached};
use crate::output::{Files, GENERATED, json as text};
pub(crate) use data::data;
pub(crate) use envelope::{envelope, keys, scope};
pub(crate) use names::Names;

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The file of one kind.
pub(crate) fn path(kind: &str) -> String {
    format!("schema/{}.schema.json", crate::output::file_name(kind))
}

pub(crate) fn render(catalog: &Catalog) -> Files {
    let names = Names::of(catalog);
    let keys = keys(&names);
    let mut files = Files::new();
    for event in &catalog.events {
        files.insert(path(&event.kind), text(&single(catalog, &names, &keys, event)));
    }
    files.insert("schema/events.schema.json".to_owned(), text(&bundle(catalog, &names, &keys)));
    files
}

/// One kind alone, with the types that it names.
fn single(catalog: &Catalog, names: &Names<'_>, keys: &Map<String, Value>, event: &Event) -> Value {
    let mut schema = envelope(names, event);
    let data = data(catalog, names, event);
    let mut types = BTreeMap::new();
    reached(&data, &catalog.types, &mut types);
    let mut types: Map<String, Value> =
        types.into_iter().map(|(name, schema)| (name.to_owned(), schema.clone())).collect();
    types.insert(names.data(event).to_owned(), data);
    types.extend(keys.clone());
    schema.insert("$schema".to_owned(), json!(DIALECT));
    schema.insert("$id".to_owned(), json!(format!("{}.schema.json", crate::output::file_name(&event.kind))));
    schema.insert("$comment".to_owned(), json!(GENERATED));
    schema.insert("$defs".to_owned(), Value::Object(types));
    Value::Object(schema)
}

/// All kinds in one file: an event is exactly one of them.
fn bundle(catalog: &Catalog, names: &Names<'_>, keys: &Map<String, Value>) -> Value {
    let mut definitions: Map<String, Value> =
        catalog.types.iter().map(|(name, schema)| (name.clone(), schema.clone())).collect();
    definitions.extend(keys.clone());
    let mut choices = Vec::new();
    for event in &catalog.events {
        let name = names.event(event);
        choices.push(json!({ "$ref": format!("#/$defs/{name}") }));
        definitions.insert(name.to_owned(), Value::Object(envelope(names, event)));
        definitions.insert(names.data(event).to_owned(), data(catalog, names, event));
    }
    json!({
        "$schema": DIALECT,
        "$id": "events.schema.json",
        "$comment": GENERATED,
        "title": catalog.title,
        "description": "One event as a line of JSON, for generators of code. Kinds that no definition declares are not included. \
                        A validator reports one fault once with the schema of the event's kind, the file \
                        `TYPE.schema.json` beside this one; with this file it reports it for each kind.",
        "oneOf": choices,
        "$defs": definitions,
    })
}
