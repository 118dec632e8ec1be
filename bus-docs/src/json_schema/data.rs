//! The keys of `data`.

use serde_json::{Map, Value, json};

use super::names::Names;
use crate::model::{Catalog, Event, Field, resolved};
use crate::types::Type;

/// The data of an event.
pub(crate) fn data(catalog: &Catalog, names: &Names<'_>, event: &Event) -> Value {
    let mut found = Keys::default();
    for field in event.fields.iter().filter(|field| field.on_wire() && !field.not_read) {
        if field.flattened {
            found.flattened(catalog, field);
        } else {
            found.field(field);
        }
    }
    let mut schema = json!({
        "title": names.data(event),
        "description": format!("The data of `{}`.", event.kind),
        "type": "object",
        "properties": found.properties,
    });
    if !found.required.is_empty() {
        schema["required"] = json!(found.required);
    }
    if !found.parts.is_empty() {
        schema["allOf"] = json!(found.parts);
    }
    if let Some(rest) = found.rest {
        schema["additionalProperties"] = rest;
    }
    schema
}

#[derive(Default)]
struct Keys {
    properties: Map<String, Value>,
    required: Vec<String>,
    /// Further schemas that the data fits.
    parts: Vec<Value>,
    /// The schema of keys without a field.
    rest: Option<Value>,
}

impl Keys {
    fn field(&mut self, field: &Field) {
        for alias in &field.aliases {
            let mut older = described(field);
            older["description"] = json!(format!("The older name of `{}`.", field.name));
            older["deprecated"] = json!(true);
            self.properties.insert(alias.clone(), older);
        }
        self.properties.insert(field.name.clone(), described(field));
        if field.aliases.is_empty() {
            self.required.extend(field.required.then(|| field.name.clone()));
            return;
        }
        // One name at a time: each choice is without the others.
        let names: Vec<&String> = std::iter::once(&field.name).chain(&field.aliases).collect();
        let choice = |chosen: &&String| {
            let key = |name: &&String| {
                let schema = if name == chosen { described(field) } else { json!({ "not": {} }) };
                ((*name).clone(), schema)
            };
            let mut choice = json!({ "properties": names.iter().map(key).collect::<Map<_, _>>() });
            if field.required {
                choice["required"] = json!([chosen]);
            }
            choice
        };
        self.parts.push(json!({ "anyOf": names.iter().map(choice).collect::<Vec<_>>() }));
    }

    /// The members of a struct, or the values of a map, are keys of the data.
    fn flattened(&mut self, catalog: &Catalog, field: &Field) {
        let schema = field.schema.as_ref().map(|schema| resolved(schema, &catalog.types));
        let Some(Value::Object(schema)) = schema else { return };
        match (schema.get("properties"), schema.get("additionalProperties")) {
            (Some(Value::Object(members)), _) => {
                self.properties.extend(members.clone());
                let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
                self.required.extend(required.filter_map(Value::as_str).map(str::to_owned));
            }
            (None, Some(values)) => self.rest = Some(values.clone()),
            _ => self.parts.push(Value::Object(schema.clone())),
        }
    }
}

/// The schema of a field, with the facts from its definition.
fn described(field: &Field) -> Value {
    let mut schema = match &field.schema {
        Some(Value::Object(schema)) => schema.clone(),
        _ => Map::new(),
    };
    if field.default.is_some() {
        schema = nullable(schema);
    }
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
    match &field.default_value {
        // A generator that knows no default takes a key that is not required for optional.
        Some(value) if !field.required && !value.is_null() => {
            schema.insert("default".to_owned(), value.clone());
        }
        _ => {}
    }
    Value::Object(schema)
}

/// The bus reads null as the default.
fn nullable(mut schema: Map<String, Value>) -> Map<String, Value> {
    if Type::of(&Value::Object(schema.clone())).takes_null() {
        return schema;
    }
    let listed = ["enum", "const", "$ref", "anyOf", "oneOf", "allOf", "not"];
    match schema.get("type").cloned() {
        Some(ty @ Value::String(_)) if !listed.iter().any(|key| schema.contains_key(*key)) => {
            schema.insert("type".to_owned(), json!([ty, "null"]));
            schema
        }
        _ => Map::from_iter([("anyOf".to_owned(), json!([schema, { "type": "null" }]))]),
    }
}
