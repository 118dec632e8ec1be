//! A value that fits a schema, to show an example of an event.

use serde_json::{Map, Value, json};

use super::type_name;

/// A value for the field `name`. A type without a schema gets a text.
pub(super) fn value(name: &str, schema: Option<&Value>, types: &Map<String, Value>) -> Value {
    schema.map_or_else(|| text(name), |schema| Sampler { types, depth: 0 }.value(name, schema))
}

struct Sampler<'a> {
    types: &'a Map<String, Value>,
    depth: usize,
}

impl Sampler<'_> {
    fn value(&self, name: &str, schema: &Value) -> Value {
        let Some(schema) = schema.as_object() else { return text(name) };
        if let Some(given) = ["examples", "enum"].iter().find_map(|key| schema.get(*key)?.get(0)) {
            return given.clone();
        }
        if let Some(given) = schema.get("const") {
            return given.clone();
        }
        if let Some(found) = schema.get("$ref").and_then(Value::as_str).and_then(type_name) {
            return match self.types.get(found) {
                // A recursive type must end somewhere.
                Some(found) if self.depth < 6 => {
                    Sampler { depth: self.depth + 1, ..*self }.value(name, found)
                }
                _ => Value::Null,
            };
        }
        let mut choices = ["anyOf", "oneOf", "allOf"].iter().filter_map(|key| schema.get(*key)?.as_array());
        if let Some(choice) = choices.next().and_then(|list| list.first()) {
            let mut sample = self.value(name, choice);
            // A choice beside other fields is a tagged enum, which writes both.
            if let (Value::Object(sample), Some(_)) = (&mut sample, schema.get("properties")) {
                sample.extend(self.object(name, schema));
            }
            return sample;
        }
        self.typed(name, schema)
    }

    fn typed(&self, name: &str, schema: &Map<String, Value>) -> Value {
        let ty = match schema.get("type") {
            Some(Value::Array(several)) => several.iter().find_map(Value::as_str).unwrap_or_default(),
            one => one.and_then(Value::as_str).unwrap_or_default(),
        };
        match ty {
            "boolean" => json!(true),
            "integer" => {
                let least = schema.get("minimum").and_then(Value::as_i64).unwrap_or(0);
                json!(least.max(1))
            }
            "number" => json!(0.5),
            "null" => Value::Null,
            "array" => match (schema.get("prefixItems").and_then(Value::as_array), schema.get("items")) {
                (Some(places), _) => places.iter().map(|place| self.value(name, place)).collect(),
                (None, Some(item)) => json!([self.value(singular(name), item)]),
                (None, None) => json!([]),
            },
            "object" => Value::Object(self.object(name, schema)),
            "string" => formatted(schema.get("format").and_then(Value::as_str)).unwrap_or_else(|| text(name)),
            _ => text(name),
        }
    }

    fn object(&self, name: &str, schema: &Map<String, Value>) -> Map<String, Value> {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            return properties.iter().map(|(key, schema)| (key.clone(), self.value(key, schema))).collect();
        }
        let inside = match schema.get("additionalProperties") {
            Some(Value::Object(inside)) => self.value("value", &Value::Object(inside.clone())),
            _ => json!("value"),
        };
        let _ = name;
        Map::from_iter([("key".to_owned(), inside)])
    }
}

/// A text that names its field: `tool-use-1` for `tool_use_id`.
fn text(name: &str) -> Value {
    match name.strip_suffix("_id") {
        Some(stem) => json!(format!("{}-1", stem.replace('_', "-"))),
        None => json!(name.replace('_', " ")),
    }
}

fn singular(name: &str) -> &str {
    name.strip_suffix('s').filter(|stem| stem.len() > 2).unwrap_or(name)
}

fn formatted(format: Option<&str>) -> Option<Value> {
    Some(json!(match format? {
        "date-time" | "partial-date-time" => "2026-01-01T00:00:00Z",
        "date" => "2026-01-01",
        "time" | "partial-time" => "00:00:00Z",
        "uuid" => "00000000-0000-4000-8000-000000000000",
        "uri" => "https://example.org/",
        "email" => "ann@example.org",
        "ip" | "ipv4" => "192.0.2.1",
        "ipv6" => "2001:db8::1",
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(name: &str, schema: &Value) -> Value {
        value(name, Some(schema), &Map::new())
    }

    #[test]
    fn a_text_names_its_field() {
        assert_eq!(sample("tool_use_id", &json!({ "type": "string" })), "tool-use-1");
        assert_eq!(sample("entry_point", &json!({ "type": "string" })), "entry point");
    }

    #[test]
    fn values_fit() {
        assert_eq!(sample("n", &json!({ "type": "integer", "minimum": 7 })), 7);
        assert_eq!(
            sample("names", &json!({ "type": "array", "items": { "type": "string" } })),
            json!(["name"])
        );
        assert_eq!(sample("m", &json!({ "type": ["integer", "null"] })), 1);
        assert_eq!(sample("level", &json!({ "enum": ["low", "high"] })), "low");
        assert_eq!(
            sample("headers", &json!({ "type": "object", "additionalProperties": { "type": "string" } })),
            json!({ "key": "value" })
        );
    }

    #[test]
    fn a_type_inside_of_itself_ends() {
        let Value::Object(types) =
            json!({ "Tree": { "type": "object", "properties": { "next": { "$ref": "#/$defs/Tree" } } } })
        else {
            return;
        };
        assert!(value("tree", Some(&json!({ "$ref": "#/$defs/Tree" })), &types).is_object());
    }
}
