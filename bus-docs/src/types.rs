//! The types that a schema describes, in the terms of languages with unions.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::model::{description, type_name};

/// The largest whole number below which a float of 64 bits holds each.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The type of a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Type {
    Any,
    Null,
    Boolean,
    Integer,
    /// A whole number that a float of 64 bits may not hold exactly.
    LongInteger,
    Number,
    Text,
    Literals(Vec<Value>),
    List(Box<Self>),
    Tuple(Vec<Self>),
    Map(Box<Self>),
    Record(Vec<Member>),
    Named(String),
    Either(Vec<Self>),
    Both(Vec<Self>),
}

/// A key of a record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) required: bool,
    /// The value that a missing key has.
    pub(crate) default: Option<Value>,
    pub(crate) docs: String,
}

impl Type {
    /// The type that a schema describes. Further constraints (bounds, patterns) are left to
    /// validators.
    pub(crate) fn of(schema: &Value) -> Self {
        let Value::Object(schema) = schema else { return Self::Any };
        let mut parts = Vec::new();
        if let Some(name) = type_name(schema.get("$ref")) {
            parts.push(Self::Named(name.to_owned()));
        }
        if let Some(value) = schema.get("const") {
            parts.push(Self::Literals(vec![value.clone()]));
        } else if let Some(Value::Array(values)) = schema.get("enum") {
            parts.push(Self::Literals(values.clone()));
        } else {
            parts.extend(Self::typed(schema));
        }
        let list =
            |key: &str| schema.get(key).and_then(Value::as_array).map(|list| list.iter().map(Self::of));
        parts
            .extend(["anyOf", "oneOf"].iter().filter_map(|key| list(key)).map(|list| either(list.collect())));
        parts.extend(list("allOf").into_iter().flatten());
        parts.retain(|part| *part != Self::Any);
        match parts.len() {
            0 => Self::Any,
            1 => parts.remove(0),
            _ => Self::Both(parts),
        }
    }

    fn typed(schema: &Map<String, Value>) -> Option<Self> {
        match schema.get("type") {
            Some(Value::String(name)) => Some(Self::simple(name, schema)),
            Some(Value::Array(names)) => Some(either(
                names.iter().filter_map(Value::as_str).map(|name| Self::simple(name, schema)).collect(),
            )),
            _ if schema.contains_key("properties") => Some(Self::simple("object", schema)),
            _ => None,
        }
    }

    fn simple(name: &str, schema: &Map<String, Value>) -> Self {
        match name {
            "null" => Self::Null,
            "boolean" => Self::Boolean,
            "integer" => {
                let beyond = |key: &str| schema.get(key)?.as_f64().map(|bound| bound.abs() > EXACT);
                let long = ["minimum", "maximum"].iter().filter_map(|key| beyond(key)).any(|beyond| beyond);
                if long { Self::LongInteger } else { Self::Integer }
            }
            "number" => Self::Number,
            "string" => Self::Text,
            "array" => match (schema.get("prefixItems"), schema.get("items")) {
                (Some(Value::Array(places)), _) => Self::Tuple(places.iter().map(Self::of).collect()),
                (_, Some(item)) => Self::List(Box::new(Self::of(item))),
                _ => Self::List(Box::new(Self::Any)),
            },
            "object" => Self::object(schema),
            _ => Self::Any,
        }
    }

    fn object(schema: &Map<String, Value>) -> Self {
        if let Some(Value::Object(properties)) = schema.get("properties") {
            let required: BTreeSet<&str> = schema
                .get("required")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let member = |(name, schema): (&String, &Value)| Member {
                name: name.clone(),
                ty: Self::of(schema),
                required: required.contains(name.as_str()),
                default: schema.get("default").cloned(),
                docs: description(schema).to_owned(),
            };
            return Self::Record(properties.iter().map(member).collect());
        }
        // The keys of a map that are numbers have a pattern.
        let numbers = schema.get("patternProperties").and_then(Value::as_object);
        let inside = numbers.and_then(|patterns| patterns.values().next());
        match inside.or(schema.get("additionalProperties")) {
            Some(inside @ Value::Object(_)) => Self::Map(Box::new(Self::of(inside))),
            _ => Self::Map(Box::new(Self::Any)),
        }
    }

    /// Whether it is a union with null, or null itself.
    pub(crate) fn takes_null(&self) -> bool {
        match self {
            Self::Any | Self::Null => true,
            Self::Either(choices) => choices.iter().any(Self::takes_null),
            _ => false,
        }
    }
}

/// A flat union without duplicates.
pub(crate) fn either(choices: Vec<Type>) -> Type {
    let mut flat: Vec<Type> = Vec::new();
    for choice in choices {
        let inside = if let Type::Either(inside) = choice { inside } else { vec![choice] };
        for choice in inside {
            let literals = flat.iter().position(|have| matches!(have, Type::Literals(_)));
            match (literals.map(|at| &mut flat[at]), choice) {
                (Some(Type::Literals(have)), Type::Literals(more)) => have.extend(more),
                (_, choice) => flat.push(choice),
            }
        }
    }
    let mut seen = Vec::new();
    flat.retain(|choice| {
        let new = !seen.contains(choice);
        seen.push(choice.clone());
        new
    });
    if flat.contains(&Type::Any) || flat.is_empty() {
        return Type::Any;
    }
    if flat.len() == 1 { flat.remove(0) } else { Type::Either(flat) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn schemas_become_types() {
        let pairs = [
            (json!(true), Type::Any),
            (json!({}), Type::Any),
            (json!({ "type": ["integer", "null"] }), Type::Either(vec![Type::Integer, Type::Null])),
            (json!({ "type": "array", "items": { "type": "string" } }), Type::List(Box::new(Type::Text))),
            (
                json!({ "type": "object", "additionalProperties": { "type": "number" } }),
                Type::Map(Box::new(Type::Number)),
            ),
            (
                json!({ "anyOf": [{ "$ref": "#/$defs/Level" }, { "type": "null" }] }),
                Type::Either(vec![Type::Named("Level".to_owned()), Type::Null]),
            ),
            (
                json!({ "oneOf": [{ "const": "low", "type": "string" }, { "const": "high", "type": "string" }] }),
                Type::Literals(vec![json!("low"), json!("high")]),
            ),
        ];
        for (schema, expected) in pairs {
            assert_eq!(Type::of(&schema), expected, "{schema}");
        }
    }
}
