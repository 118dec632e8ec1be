//! Objects of the standard library's types, of which serde reads no other key. The schemas of
//! schemars do not say so.

use serde_json::{Map, Value};

/// The beginnings of the names that schemars gives these types, and the keys of each object.
const TYPES: &[(&str, &[&[&str]])] = &[
    ("Bound_of_", &[&["Included"], &["Excluded"]]),
    ("Duration", &[&["nanos", "secs"]]),
    ("Range_of_", &[&["end", "start"]]),
    ("Result_of_", &[&["Ok"], &["Err"]]),
    ("SystemTime", &[&["nanos_since_epoch", "secs_since_epoch"]]),
];

/// Closes the objects of a named type, if it is one of these. A type of the user with such a name
/// has a doc comment or other keys.
pub(super) fn close(name: &str, schema: &mut Value) {
    let Some((_, objects)) = TYPES.iter().find(|(begin, _)| name.starts_with(begin)) else { return };
    let Value::Object(schema) = schema else { return };
    if schema.contains_key("description") {
        return;
    }
    match schema.get_mut("oneOf") {
        Some(Value::Array(choices)) => {
            choices.iter_mut().filter_map(Value::as_object_mut).for_each(|choice| object(choice, objects));
        }
        _ => object(schema, objects),
    }
}

fn object(schema: &mut Map<String, Value>, objects: &[&[&str]]) {
    let Some(Value::Object(properties)) = schema.get("properties") else { return };
    let mut keys: Vec<&str> = properties.keys().map(String::as_str).collect();
    keys.sort_unstable();
    if objects.contains(&&keys[..]) {
        schema.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
}
