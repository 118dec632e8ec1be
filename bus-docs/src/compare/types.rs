//! Whether one schema accepts everything that another describes.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::model::{resolved, type_of};

/// A schema and the types that it may name.
pub(super) type In<'a> = (&'a Value, &'a BTreeMap<String, Value>);

/// Whether every value that fits `narrow` fits `wide`. If that cannot be decided it returns false,
/// so that a change of unknown effect is shown.
pub(super) fn accepts(wide: In<'_>, narrow: In<'_>) -> bool {
    // The same schema accepts the same values, even one of unknown form.
    wide == narrow || Judge { wide: wide.1, narrow: narrow.1, depth: 0 }.accepts(wide.0, narrow.0)
}

#[derive(Clone, Copy)]
struct Judge<'a> {
    wide: &'a BTreeMap<String, Value>,
    narrow: &'a BTreeMap<String, Value>,
    depth: usize,
}

impl Judge<'_> {
    fn accepts(self, wide: &Value, narrow: &Value) -> bool {
        // A recursive type is compared down to the tenth level.
        if self.depth > 10 {
            return true;
        }
        let next = Self { depth: self.depth + 1, ..self };
        let (wide, narrow) = (resolved(wide, self.wide), resolved(narrow, self.narrow));
        let (Some(wide), Some(narrow)) = (bare(wide), bare(narrow)) else {
            return *narrow == Value::Bool(false);
        };
        if let Some(choices) = choices(&narrow) {
            return choices.iter().all(|choice| next.accepts(&Value::Object(wide.clone()), choice));
        }
        if let Some(choices) = choices(&wide) {
            return choices.iter().any(|choice| next.accepts(choice, &Value::Object(narrow.clone())));
        }
        wide.iter().all(|(key, value)| next.keyword(key, value, &wide, &narrow))
    }

    /// Whether every value that fits `narrow` meets one keyword of `wide`.
    fn keyword(
        self,
        key: &str,
        asked: &Value,
        wide: &Map<String, Value>,
        narrow: &Map<String, Value>,
    ) -> bool {
        let given = narrow.get(key);
        let all = || Value::Bool(true);
        match key {
            "type" => types(asked, narrow),
            "enum" | "const" => {
                let (allowed, given) = (literals(wide), literals(narrow));
                given.is_some_and(|given| {
                    allowed.is_some_and(|allowed| given.iter().all(|value| allowed.contains(value)))
                })
            }
            "minimum" | "minLength" | "minItems" => bound(given, asked, |given, asked| given >= asked),
            "maximum" | "maxLength" | "maxItems" => bound(given, asked, |given, asked| given <= asked),
            "items" | "additionalProperties" => self.accepts(asked, given.unwrap_or(&all())),
            "prefixItems" => lists(asked, given, |wide, narrow| self.accepts(wide, narrow)),
            "required" => {
                texts(asked).all(|name| texts(given.unwrap_or(&Value::Null)).any(|given| given == name))
            }
            "properties" => properties(asked).all(|(name, wide)| {
                // The narrow schema would allow any value under an undescribed key, but the writer
                // never writes one.
                let narrow = given.and_then(|given| given.get(name));
                narrow.is_none_or(|narrow| self.accepts(wide, narrow))
            }),
            _ => given == Some(asked),
        }
    }
}

/// The schema without keywords for readers only. `true` is the same as `{}`; nothing fits `false`.
fn bare(schema: &Value) -> Option<Map<String, Value>> {
    let prose = ["description", "title", "default", "examples", "deprecated", "$comment"];
    let Value::Object(schema) = schema else { return (*schema == Value::Bool(true)).then(Map::new) };
    let kept = schema.iter().filter(|(key, _)| !prose.contains(&key.as_str()));
    Some(kept.map(|(key, value)| (key.clone(), value.clone())).collect())
}

/// The schemas of which a value fits one, also if the schema has a list of types.
fn choices(schema: &Map<String, Value>) -> Option<Vec<Value>> {
    if let Some(Value::Array(list)) = ["anyOf", "oneOf"].iter().find_map(|key| schema.get(*key)) {
        return Some(list.clone());
    }
    let Some(Value::Array(names)) = schema.get("type") else { return None };
    let one = |name: &Value| {
        let mut schema = schema.clone();
        schema.insert("type".to_owned(), name.clone());
        // Bounds apply to numbers, and null is not one.
        if name == "null" {
            schema.retain(|key, _| key == "type");
        }
        Value::Object(schema)
    };
    Some(names.iter().map(one).collect())
}

fn types(asked: &Value, narrow: &Map<String, Value>) -> bool {
    let fits = |given: &str| asked == given || (asked == "number" && given == "integer");
    match literals(narrow) {
        Some(values) => values.iter().map(type_of).all(fits),
        None => narrow.get("type").and_then(Value::as_str).is_some_and(fits),
    }
}

fn literals(schema: &Map<String, Value>) -> Option<Vec<Value>> {
    match (schema.get("const"), schema.get("enum")) {
        (Some(value), _) => Some(vec![value.clone()]),
        (None, Some(Value::Array(values))) => Some(values.clone()),
        _ => None,
    }
}

fn bound(given: Option<&Value>, asked: &Value, holds: fn(f64, f64) -> bool) -> bool {
    matches!((given.and_then(Value::as_f64), asked.as_f64()), (Some(given), Some(asked)) if holds(given, asked))
}

fn lists(asked: &Value, given: Option<&Value>, accepts: impl Fn(&Value, &Value) -> bool) -> bool {
    match (asked.as_array(), given.and_then(Value::as_array)) {
        (Some(asked), Some(given)) => {
            asked.len() == given.len() && asked.iter().zip(given).all(|(asked, given)| accepts(asked, given))
        }
        _ => false,
    }
}

pub(super) fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// A schema in a few words.
pub(super) fn shown(schema: &Value) -> String {
    if let Some(values) = schema.as_object().and_then(literals) {
        let values: Vec<_> = values.iter().map(Value::to_string).collect();
        return format!("one of {}", values.join(", "));
    }
    let bound =
        |key: &str, word: &str| schema.get(key).map(|bound| format!(" {word} {bound}")).unwrap_or_default();
    match schema.get("type") {
        Some(Value::String(name)) => format!("{name}{}{}", bound("minimum", "from"), bound("maximum", "to")),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ if ["anyOf", "oneOf"].iter().any(|key| schema.get(*key).is_some()) => "a choice".to_owned(),
        _ => "any value".to_owned(),
    }
}

fn properties(map: &Value) -> impl Iterator<Item = (&String, &Value)> {
    map.as_object().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn widens(wide: &Value, narrow: &Value) -> bool {
        let none = BTreeMap::new();
        accepts((wide, &none), (narrow, &none))
    }

    #[test]
    fn a_wider_type_is_distinguished_from_a_narrower_one() {
        let pairs = [
            (json!({ "type": "number" }), json!({ "type": "integer", "minimum": 0 })),
            (json!({ "type": ["string", "null"] }), json!({ "type": "string" })),
            (json!({ "anyOf": [{ "type": "string" }, { "type": "null" }] }), json!({ "type": "string" })),
            (json!({ "type": "integer", "maximum": 65535 }), json!({ "type": "integer", "maximum": 255 })),
            (json!({ "enum": ["a", "b", "c"] }), json!({ "enum": ["a", "b"] })),
            (json!({ "type": "string" }), json!({ "type": "string", "enum": ["a"] })),
            (json!(true), json!({ "type": "string" })),
            (
                json!({ "type": "array", "items": { "type": "number" } }),
                json!({ "type": "array", "items": { "type": "integer" } }),
            ),
            (
                json!({ "type": "object", "properties": { "a": { "type": "string" } } }),
                json!({ "type": "object", "properties": { "a": { "type": "string" } }, "required": ["a"] }),
            ),
        ];
        for (wide, narrow) in pairs {
            assert!(widens(&wide, &narrow), "{wide} takes {narrow}");
            assert!(!widens(&narrow, &wide), "{narrow} does not take {wide}");
            assert!(widens(&wide, &wide));
        }
    }

    #[test]
    fn there_are_two_ways_to_write_that_any_value_fits() {
        let (long, short) = (json!({ "description": "Whatever." }), json!(true));
        assert!(widens(&long, &short) && widens(&short, &long));
        assert!(widens(&long, &json!(false)) && !widens(&json!(false), &long));
    }

    #[test]
    fn prose_is_no_change() {
        let (plain, annotated) =
            (json!({ "type": "string" }), json!({ "type": "string", "description": "A name." }));
        assert!(widens(&plain, &annotated) && widens(&annotated, &plain));
    }

    #[test]
    fn types_are_looked_up_on_their_own_side() {
        let one = BTreeMap::from([("Level".to_owned(), json!({ "enum": ["low"] }))]);
        let two = BTreeMap::from([("Level".to_owned(), json!({ "enum": ["low", "high"] }))]);
        let level = json!({ "$ref": "#/$defs/Level" });
        assert!(accepts((&level, &two), (&level, &one)));
        assert!(!accepts((&level, &one), (&level, &two)));
    }

    /// A struct with one field, such as `Id(Name)`, is a name for another name.
    #[test]
    fn a_name_for_a_name_is_what_it_stands_for() {
        let types = BTreeMap::from([
            ("Id".to_owned(), json!({ "$ref": "#/$defs/Name" })),
            ("Name".to_owned(), json!({ "type": "string" })),
        ]);
        let (id, text) = (json!({ "$ref": "#/$defs/Id" }), json!({ "type": "string" }));
        assert!(accepts((&id, &types), (&text, &types)) && accepts((&text, &types), (&id, &types)));
    }
}
