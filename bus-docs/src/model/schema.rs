//! Schemas of field types, in a form that every reader understands.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::Event;

/// Keywords whose value is one schema.
const ONE: &[&str] =
    &["items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else"];
/// Keywords whose value is a list of schemas.
const LISTS: &[&str] = &["anyOf", "oneOf", "allOf", "prefixItems"];
/// Keywords whose value is a map to schemas.
const MAPS: &[&str] = &["properties", "patternProperties", "$defs"];

/// The schemas directly inside of `schema`.
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

/// Replaces a `format` of schemars that only Rust knows by bounds, so that strict validators know
/// every keyword.
pub(super) fn plain(schema: &mut Value) {
    let Value::Object(object) = schema else { return };
    object.remove("$schema");
    let format = object.get("format").and_then(Value::as_str).map(str::to_owned);
    if let Some((least, most)) = format.as_deref().and_then(bounds) {
        object.remove("format");
        if let Some(least) = least {
            object.insert("minimum".to_owned(), least);
        }
        if let Some(most) = most {
            object.insert("maximum".to_owned(), most);
        }
    }
    children(object).into_iter().for_each(plain);
}

fn bounds(format: &str) -> Option<(Option<Value>, Option<Value>)> {
    Some(match format {
        "int8" => (Some(json!(i8::MIN)), Some(json!(i8::MAX))),
        "int16" => (Some(json!(i16::MIN)), Some(json!(i16::MAX))),
        "int32" => (Some(json!(i32::MIN)), Some(json!(i32::MAX))),
        "int64" | "int" => (Some(json!(i64::MIN)), Some(json!(i64::MAX))),
        "uint8" => (Some(json!(0)), Some(json!(u8::MAX))),
        "uint16" => (Some(json!(0)), Some(json!(u16::MAX))),
        "uint32" => (Some(json!(0)), Some(json!(u32::MAX))),
        "uint64" | "uint" => (Some(json!(0)), Some(json!(u64::MAX))),
        "uint128" => (Some(json!(0)), None),
        "int128" | "float" | "double" => (None, None),
        _ => return None,
    })
}

/// `Address` of `#/$defs/Address`.
pub(crate) fn type_name(reference: &str) -> Option<&str> {
    reference.strip_prefix("#/$defs/")
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

    #[test]
    fn formats_of_rust_become_bounds() {
        let mut schema = json!({ "type": "array", "items": { "type": "integer", "format": "uint8" } });
        plain(&mut schema);
        assert_eq!(
            schema,
            json!({ "type": "array", "items": { "type": "integer", "minimum": 0, "maximum": 255 } })
        );
        let mut text = json!({ "type": "string", "format": "uuid" });
        plain(&mut text);
        assert_eq!(text, json!({ "type": "string", "format": "uuid" }));
    }

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
