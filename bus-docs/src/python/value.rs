//! Types and values in Python syntax.

use serde_json::Value;

use super::TypeNames;
use crate::types::Type;

pub(super) fn shown(ty: &Type, types: &TypeNames<'_>) -> String {
    let list =
        |all: &[Type], between: &str| all.iter().map(|ty| shown(ty, types)).collect::<Vec<_>>().join(between);
    match ty {
        // A record without a name of its own, and constraints that only a schema has, are left to
        // the reader.
        Type::Any | Type::Both(_) => "t.Any".to_owned(),
        Type::Null => "None".to_owned(),
        Type::Boolean => "bool".to_owned(),
        Type::Integer => "int".to_owned(),
        Type::Number => "float".to_owned(),
        Type::Text => "str".to_owned(),
        Type::Literals(values) => {
            // Literals of Python are strings, whole numbers, booleans and None.
            if values.iter().any(|value| value.is_f64() || value.is_array() || value.is_object()) {
                return "t.Any".to_owned();
            }
            format!("t.Literal[{}]", values.iter().map(written).collect::<Vec<_>>().join(", "))
        }
        Type::List(item) => format!("list[{}]", shown(item, types)),
        Type::Tuple(places) if places.is_empty() => "tuple[()]".to_owned(),
        Type::Tuple(places) => format!("tuple[{}]", list(places, ", ")),
        Type::Map(value) => format!("dict[str, {}]", shown(value, types)),
        Type::Record(_) => "dict[str, t.Any]".to_owned(),
        Type::Named(name) => types.get(name.as_str()).cloned().unwrap_or_else(|| "t.Any".to_owned()),
        Type::Either(choices) => list(choices, " | "),
    }
}

/// A JSON value.
pub(super) fn written(value: &Value) -> String {
    let list = |all: Vec<String>| all.join(", ");
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", list(items.iter().map(written).collect())),
        Value::Object(map) => {
            let members = map.iter().map(|(key, value)| format!("{}: {}", quoted(key), written(value)));
            format!("{{{}}}", list(members.collect()))
        }
    }
}

/// A string. Python reads the escapes of JSON the same way.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn types_and_values_are_pythons() {
        let types = TypeNames::new();
        assert_eq!(shown(&Type::of(&json!({ "type": ["integer", "null"] })), &types), "int | None");
        assert_eq!(shown(&Type::of(&json!({ "enum": ["a", 1] })), &types), "t.Literal[\"a\", 1]");
        assert_eq!(written(&json!({ "a": [true, null] })), "{\"a\": [True, None]}");
    }
}
