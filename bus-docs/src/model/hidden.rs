//! The schema of a redacted field: what still holds if strings and numbers are hidden.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::names::Names;
use super::schema::{type_name, type_of};

/// Hides schemas of one catalogue. A named type has one hidden form, whatever names it, so that a
/// type which holds itself stays as small as it is.
pub(super) struct Hider<'a> {
    types: &'a Map<String, Value>,
    names: Names,
    /// The hidden form of a named type: a reference, or the schema itself if it is short.
    known: BTreeMap<String, Map<String, Value>>,
    hidden: Map<String, Value>,
}

impl<'a> Hider<'a> {
    pub(super) fn new(types: &'a Map<String, Value>) -> Self {
        let names = Names::with(&types.keys().map(String::as_str).collect::<Vec<_>>());
        Self { types, names, known: BTreeMap::new(), hidden: Map::new() }
    }

    /// The hidden forms of the named types.
    pub(super) fn into_types(self) -> Map<String, Value> {
        self.hidden
    }

    /// The part of a schema that still holds: the shape and the keys.
    pub(super) fn hide(&mut self, schema: &Value) -> Value {
        match schema {
            Value::Object(schema) => Value::Object(self.members(schema)),
            other => other.clone(),
        }
    }

    fn members(&mut self, schema: &Map<String, Value>) -> Map<String, Value> {
        let mut out = Map::new();
        for (key, value) in schema {
            let (key, value) = match key.as_str() {
                "$ref" => {
                    out.extend(
                        type_name(Some(value)).and_then(|name| self.named(name)).into_iter().flatten(),
                    );
                    continue;
                }
                // A hidden number is 0.
                "minimum" if value.as_f64() > Some(0.0) => continue,
                "maximum" if value.as_f64() < Some(0.0) => continue,
                "type" | "required" | "minItems" | "maxItems" | "minimum" | "maximum" => {
                    (key.as_str(), value.clone())
                }
                // The keys of a map stay as they are.
                "propertyNames" => ("propertyNames", value.clone()),
                "items" | "additionalProperties" => (key.as_str(), self.hide(value)),
                "prefixItems" | "anyOf" | "allOf" => (key.as_str(), self.each_item(value)),
                // Hidden values of two choices may be alike.
                "oneOf" => ("anyOf", self.each_item(value)),
                "properties" | "patternProperties" => (key.as_str(), self.each_member(value)),
                "const" | "enum" if schema.contains_key("type") => continue,
                "const" => ("type", types_of(std::slice::from_ref(value))),
                "enum" => ("type", types_of(value.as_array().map_or(&[], Vec::as_slice))),
                _ => continue,
            };
            out.insert(key.to_owned(), value);
        }
        out
    }

    fn each_item(&mut self, schemas: &Value) -> Value {
        schemas.as_array().into_iter().flatten().map(|schema| self.hide(schema)).collect()
    }

    fn each_member(&mut self, schemas: &Value) -> Value {
        let members = schemas.as_object().into_iter().flatten();
        members.map(|(key, schema)| (key.clone(), self.hide(schema))).collect()
    }

    /// The hidden form of a named type.
    fn named(&mut self, name: &str) -> Option<Map<String, Value>> {
        if let Some(known) = self.known.get(name) {
            return Some(known.clone());
        }
        let schema = self.types.get(name)?.as_object()?;
        let new = self.names.take(&format!("{name}Hidden"));
        let reference = Map::from_iter([("$ref".to_owned(), json!(format!("#/$defs/{new}")))]);
        self.known.insert(name.to_owned(), reference.clone());
        let hidden = self.members(schema);
        if hidden.keys().all(|key| key == "type") {
            self.known.insert(name.to_owned(), hidden.clone());
            return Some(hidden);
        }
        self.hidden.insert(new, Value::Object(hidden));
        Some(reference)
    }
}

/// The types of listed values, which the hidden ones still have.
fn types_of(values: &[Value]) -> Value {
    let mut names: Vec<&str> = values.iter().map(type_of).collect();
    names.sort_unstable();
    names.dedup();
    if let [one] = names[..] { json!(one) } else { json!(names) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(types: &Value, schema: &Value) -> (Value, Value) {
        let none = Map::new();
        let mut hider = Hider::new(types.as_object().unwrap_or(&none));
        let hidden = hider.hide(schema);
        (hidden, Value::Object(hider.into_types()))
    }

    #[test]
    fn shape_and_keys_stay() {
        let types = json!({ "Level": { "type": "string", "enum": ["low", "high"] } });
        let schema = json!({
            "type": "object",
            "properties": { "level": { "$ref": "#/$defs/Level" }, "n": { "type": "integer", "minimum": 1, "maximum": 9 } },
            "patternProperties": { "^[0-9]+$": { "type": "string", "format": "uuid" } },
            "required": ["level"],
        });
        let expected = json!({
            "type": "object",
            "properties": { "level": { "type": "string" }, "n": { "type": "integer", "maximum": 9 } },
            "patternProperties": { "^[0-9]+$": { "type": "string" } },
            "required": ["level"],
        });
        assert_eq!(hidden(&types, &schema), (expected, json!({})));
    }

    #[test]
    fn a_type_inside_of_itself_is_hidden_once() {
        let own = json!({ "$ref": "#/$defs/Tree" });
        let types = json!({ "Tree": {
            "type": "object",
            "properties": { "name": { "const": "x" }, "left": own, "right": own },
        } });
        let other = json!({ "$ref": "#/$defs/TreeHidden" });
        let expected = json!({ "TreeHidden": {
            "type": "object",
            "properties": { "name": { "type": "string" }, "left": other, "right": other },
        } });
        assert_eq!(hidden(&types, &own), (other, expected));
    }
}
