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

/// The doc comment of a type or of a member.
pub(crate) fn description(schema: &Value) -> &str {
    schema.get("description").and_then(Value::as_str).unwrap_or_default()
}

/// The schemas directly inside of `schema`.
fn inside(schema: &Map<String, Value>) -> impl Iterator<Item = &Value> {
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

/// The type that the value of `$ref` names: `Address` for `#/$defs/Address`.
pub(crate) fn type_name(reference: Option<&Value>) -> Option<&str> {
    reference?.as_str()?.strip_prefix("#/$defs/")
}

/// The schema itself, behind any name.
pub(crate) fn resolved<'a>(schema: &'a Value, types: &'a BTreeMap<String, Value>) -> &'a Value {
    // As many steps as there are names, so that a name for itself ends.
    let next = |schema: &'a Value| type_name(schema.get("$ref")).and_then(|name| types.get(name));
    (0..types.len()).try_fold(schema, |schema, _| next(schema).ok_or(schema)).unwrap_or_else(|end| end)
}

/// Adds the types that a schema names, directly or through another type.
pub(crate) fn reached<'a>(
    schema: &Value,
    types: &'a BTreeMap<String, Value>,
    found: &mut BTreeMap<&'a str, &'a Value>,
) {
    let Value::Object(object) = schema else { return };
    if let Some((name, schema)) = type_name(object.get("$ref")).and_then(|name| types.get_key_value(name))
        && found.insert(name, schema).is_none()
    {
        reached(schema, types, found);
    }
    for child in inside(object) {
        reached(child, types, found);
    }
}

/// The name of the type of a value.
pub(crate) fn type_of(value: &Value) -> &'static str {
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
pub(super) fn used(events: &[Event], mut types: BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for schema in events.iter().flat_map(|event| &event.fields).filter_map(|field| field.schema.as_ref()) {
        reached(schema, &types, &mut found);
    }
    let names: BTreeSet<String> = found.into_keys().map(str::to_owned).collect();
    types.retain(|name, _| names.contains(name));
    types
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn types_are_found_through_types() {
        let types = BTreeMap::from([
            ("A".to_owned(), json!({ "properties": { "b": { "$ref": "#/$defs/B" } } })),
            ("B".to_owned(), json!({ "type": "string" })),
            ("C".to_owned(), json!({ "type": "string" })),
        ]);
        let field =
            super::super::Field { schema: Some(json!({ "$ref": "#/$defs/A" })), ..Default::default() };
        let event = Event { fields: vec![field], ..Event::default() };
        assert_eq!(used(&[event], types).keys().collect::<Vec<_>>(), ["A", "B"]);
    }

    #[test]
    fn a_chain_of_names_ends_at_its_schema_and_a_circle_ends() {
        let named = |name: &str| json!({ "$ref": format!("#/$defs/{name}") });
        let types = BTreeMap::from([
            ("A".to_owned(), named("B")),
            ("B".to_owned(), json!({ "type": "string" })),
            ("Itself".to_owned(), named("Itself")),
        ]);
        assert_eq!(resolved(&named("A"), &types), &types["B"]);
        assert_eq!(resolved(&named("Itself"), &types), &types["Itself"]);
    }
}
