//! Schemas of field types, in a form that every reader understands.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::Event;

/// Keywords whose value is one schema.
const ONE: &[&str] =
    &["items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else"];
/// Keywords whose value is a list of schemas.
const LISTS: &[&str] = &["anyOf", "oneOf", "allOf", "prefixItems"];
/// Keywords whose value is a map to schemas.
const MAPS: &[&str] = &["properties", "patternProperties", "$defs"];

/// The schemas directly inside of `schema`.
pub(crate) fn inside(schema: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    schema.iter().flat_map(|(key, value)| match value {
        _ if ONE.contains(&key.as_str()) => vec![value],
        Value::Array(list) if LISTS.contains(&key.as_str()) => list.iter().collect(),
        Value::Object(map) if MAPS.contains(&key.as_str()) => map.values().collect(),
        _ => Vec::new(),
    })
}

/// The same, to be changed.
pub(crate) fn children(schema: &mut Map<String, Value>) -> Vec<&mut Value> {
    let mut found = Vec::new();
    for (key, value) in schema.iter_mut() {
        match value {
            _ if ONE.contains(&key.as_str()) => found.push(value),
            Value::Array(list) if LISTS.contains(&key.as_str()) => found.extend(list),
            Value::Object(map) if MAPS.contains(&key.as_str()) => {
                found.extend(map.iter_mut().map(|(_, value)| value));
            }
            _ => {}
        }
    }
    found
}

/// `Address` of `#/$defs/Address`.
pub(crate) fn type_name(reference: &str) -> Option<&str> {
    reference.strip_prefix("#/$defs/")
}

/// The name of the type of a value.
pub(super) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The types that a field names, directly or through another type.
pub(super) fn used(events: &[Event], mut types: Map<String, Value>) -> BTreeMap<String, Value> {
    let mut wanted = BTreeSet::new();
    for schema in events.iter().flat_map(|event| &event.fields).filter_map(|field| field.schema.as_ref()) {
        references(schema, &mut wanted);
    }
    let mut out = BTreeMap::new();
    while let Some(name) = wanted.pop_first() {
        if let Some(schema) = types.remove(&name) {
            references(&schema, &mut wanted);
            out.insert(name, schema);
        }
    }
    out
}

fn references(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(object) => {
            for (key, value) in object {
                match value.as_str().and_then(type_name) {
                    Some(name) if key == "$ref" => drop(found.insert(name.to_owned())),
                    _ => references(value, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn types_are_found_through_types() {
        let Value::Object(types) = json!({
            "A": { "properties": { "b": { "$ref": "#/$defs/B" } } },
            "B": { "type": "string" },
            "C": { "type": "string" },
        }) else {
            return;
        };
        let field =
            super::super::Field { schema: Some(json!({ "$ref": "#/$defs/A" })), ..Default::default() };
        let event = Event { fields: vec![field], ..Event::default() };
        assert_eq!(used(&[event], types).keys().collect::<Vec<_>>(), ["A", "B"]);
    }
}
