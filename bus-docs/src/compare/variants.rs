//! The variants of an enum, from the schema that schemars makes of it.

use serde_json::{Map, Value};

/// One variant.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Variant {
    /// The word by which it is known on the wire.
    pub(super) name: String,
    /// The schema of its content, if it is more than a word.
    pub(super) content: Option<Value>,
}

/// The variants of an enum. `None` for any other schema, and for an enum whose variants have no
/// word on the wire (`#[serde(untagged)]`).
pub(super) fn of(schema: &Value) -> Option<Vec<Variant>> {
    if let Some(words) = words(schema) {
        return Some(words);
    }
    let list = ["oneOf", "anyOf"].iter().find_map(|key| schema.get(*key))?.as_array()?;
    let mut found = Vec::new();
    for item in list {
        match words(item) {
            Some(words) => found.extend(words),
            None => found.push(tagged(item.as_object()?)?),
        }
    }
    Some(found)
}

/// `"enum": ["low", "high"]` or `"const": "low"`.
fn words(schema: &Value) -> Option<Vec<Variant>> {
    let words = match (schema.get("const"), schema.get("enum")) {
        (Some(word), _) => vec![word.clone()],
        (None, Some(Value::Array(words))) => words.clone(),
        _ => return None,
    };
    let variant = |word: Value| match word {
        Value::String(name) => Variant { name, content: None },
        other => Variant { name: other.to_string(), content: None },
    };
    Some(words.into_iter().map(variant).collect())
}

/// `{"circle": {…}}`, or `{"type": "circle", …}`.
fn tagged(schema: &Map<String, Value>) -> Option<Variant> {
    let members = schema.get("properties")?.as_object()?;
    let tag = members.iter().find_map(|(key, value)| Some((key, value.get("const")?.as_str()?)));
    if let Some((tag, name)) = tag {
        let mut content = schema.clone();
        content.get_mut("properties")?.as_object_mut()?.remove(tag);
        return Some(Variant { name: name.to_owned(), content: Some(Value::Object(content)) });
    }
    let mut members = members.iter();
    match (members.next(), members.next()) {
        (Some((name, content)), None) => Some(Variant { name: name.clone(), content: Some(content.clone()) }),
        _ => None,
    }
}

/// Whether a value may be null, and the schema of the others.
pub(super) fn without_null(schema: &Value) -> (bool, Value) {
    let mut rest = schema.clone();
    let mut nullable = false;
    let Some(object) = rest.as_object_mut() else { return (false, rest) };
    for key in ["anyOf", "oneOf", "enum", "type"] {
        let Some(Value::Array(list)) = object.get_mut(key) else { continue };
        let before = list.len();
        list.retain(|item| match key {
            "enum" => !item.is_null(),
            "type" => item != "null",
            _ => item.get("type").is_none_or(|name| name != "null"),
        });
        nullable |= list.len() < before;
        if key == "type" && list.len() == 1 {
            let only = list.remove(0);
            object.insert(key.to_owned(), only);
        }
    }
    (nullable, rest)
}
