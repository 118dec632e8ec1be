//! A value that fits a schema, to show an example of an event.

use serde_json::{Map, Value, json};

use super::type_name;

/// A value for the field `name`. A type without a schema gets a text.
pub(super) fn value(name: &str, schema: Option<&Value>, types: &Map<String, Value>) -> Value {
    let found = schema.map(|schema| Sampler { types, within: Vec::new() }.value(name, schema));
    found.flatten().unwrap_or_else(|| text(name))
}

struct Sampler<'a> {
    types: &'a Map<String, Value>,
    /// The named types that the value is part of.
    within: Vec<&'a str>,
}

impl<'a> Sampler<'a> {
    /// `None` for a type inside of itself: what holds it goes on without it.
    fn value(&mut self, name: &str, schema: &'a Value) -> Option<Value> {
        let Some(schema) = schema.as_object() else { return Some(text(name)) };
        if let Some(given) = ["examples", "enum"].iter().find_map(|key| schema.get(*key)?.get(0)) {
            return Some(given.clone());
        }
        if let Some(given) = schema.get("const") {
            return Some(given.clone());
        }
        if let Some(found) = type_name(schema.get("$ref")) {
            return self.named(name, found);
        }
        let mut choices = ["anyOf", "oneOf", "allOf"].iter().filter_map(|key| schema.get(*key)?.as_array());
        if let Some(choices) = choices.next() {
            let mut sample = choices.iter().find_map(|choice| self.value(name, choice))?;
            // A choice beside other fields is a tagged enum, which writes both.
            if let (Value::Object(sample), Some(_)) = (&mut sample, schema.get("properties")) {
                sample.extend(self.object(schema)?);
            }
            return Some(sample);
        }
        self.typed(name, schema)
    }

    fn named(&mut self, name: &str, found: &'a str) -> Option<Value> {
        let schema = self.types.get(found).filter(|_| !self.within.contains(&found))?;
        self.within.push(found);
        let value = self.value(name, schema);
        self.within.pop();
        value
    }

    fn typed(&mut self, name: &str, schema: &'a Map<String, Value>) -> Option<Value> {
        let ty = match schema.get("type") {
            Some(Value::Array(several)) => several.iter().find_map(Value::as_str).unwrap_or_default(),
            one => one.and_then(Value::as_str).unwrap_or_default(),
        };
        Some(match ty {
            "boolean" => json!(true),
            "integer" => {
                let least = schema.get("minimum").and_then(Value::as_i64).unwrap_or(0);
                json!(least.max(1))
            }
            "number" => json!(0.5),
            "null" => Value::Null,
            "array" => Value::Array(self.list(name, schema)?),
            "object" => Value::Object(self.object(schema)?),
            "string" => formatted(schema.get("format").and_then(Value::as_str))
                .unwrap_or_else(|| shortened(text(name), schema.get("maxLength").and_then(Value::as_u64))),
            _ => text(name),
        })
    }

    fn list(&mut self, name: &str, schema: &'a Map<String, Value>) -> Option<Vec<Value>> {
        if let Some(places) = schema.get("prefixItems").and_then(Value::as_array) {
            return places.iter().map(|place| self.value(name, place)).collect();
        }
        let bound = |key: &str| schema.get(key).and_then(Value::as_u64);
        let least = bound("minItems").unwrap_or(0);
        let count = usize::try_from(least.max(1).min(bound("maxItems").unwrap_or(u64::MAX))).ok()?;
        match schema.get("items").and_then(|item| self.value(singular(name), item)) {
            Some(item) => Some(vec![item; count]),
            None => (least == 0).then(Vec::new),
        }
    }

    fn object(&mut self, schema: &'a Map<String, Value>) -> Option<Map<String, Value>> {
        let mut out = Map::new();
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            let required = schema.get("required").and_then(Value::as_array);
            for (key, schema) in properties {
                match self.value(key, schema) {
                    Some(value) => drop(out.insert(key.clone(), value)),
                    None if required.is_some_and(|required| required.iter().any(|name| name == key)) => {
                        return None;
                    }
                    None => {}
                }
            }
            return Some(out);
        }
        let numbers = schema.get("patternProperties").and_then(Value::as_object);
        let (key, inside) =
            match (numbers.and_then(|patterns| patterns.values().next()), schema.get("additionalProperties"))
            {
                (Some(inside), _) => ("1", self.value("value", inside)),
                (None, Some(inside @ Value::Object(_))) => ("key", self.value("value", inside)),
                (None, Some(Value::Bool(false))) => ("key", None),
                (None, _) => ("key", Some(json!("value"))),
            };
        out.extend(inside.map(|inside| (key.to_owned(), inside)));
        Some(out)
    }
}

/// The text without the letters that are too many.
fn shortened(text: Value, most: Option<u64>) -> Value {
    match (text, most.and_then(|most| usize::try_from(most).ok())) {
        (Value::String(text), Some(most)) => text.chars().take(most).collect::<String>().into(),
        (text, _) => text,
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
        "date-time" => "2026-01-01T00:00:00Z",
        "date" => "2026-01-01",
        "time" => "00:00:00Z",
        "uuid" => "00000000-0000-4000-8000-000000000000",
        "uri" => "https://example.org/",
        "email" => "ann@example.org",
        "ipv4" => "192.0.2.1",
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
        let tree = json!({ "$ref": "#/$defs/Tree" });
        assert_eq!(value("tree", Some(&tree), &types), json!({}));
        assert_eq!(value("trees", Some(&json!({ "type": "array", "items": tree })), &types), json!([{}]));
    }
}
