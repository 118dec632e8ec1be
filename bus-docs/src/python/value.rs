//! Types and values in Python syntax.

use serde_json::Value;

use super::module::Module;
use super::text::quoted;
use crate::types::Type;

pub(super) fn shown(ty: &Type, module: &Module<'_>) -> String {
    let list = |all: &[Type], between: &str| {
        all.iter().map(|ty| shown(ty, module)).collect::<Vec<_>>().join(between)
    };
    match ty {
        // A record without a name of its own, and constraints that only a schema has, are left to
        // the reader.
        Type::Any | Type::Both(_) => "t.Any".to_owned(),
        Type::Null => "None".to_owned(),
        Type::Boolean => "bool".to_owned(),
        Type::Integer | Type::LongInteger => "int".to_owned(),
        Type::Number => "float".to_owned(),
        Type::Text => "str".to_owned(),
        Type::Literals(values) => {
            // Literals of Python are strings, whole numbers, booleans and None.
            if values.iter().any(|value| value.is_f64() || value.is_array() || value.is_object()) {
                return "t.Any".to_owned();
            }
            format!("t.Literal[{}]", values.iter().map(scalar).collect::<Vec<_>>().join(", "))
        }
        Type::List(item) => format!("list[{}]", shown(item, module)),
        Type::Tuple(places) if places.is_empty() => "tuple[()]".to_owned(),
        Type::Tuple(places) => format!("tuple[{}]", list(places, ", ")),
        Type::Map(value) => format!("dict[str, {}]", shown(value, module)),
        Type::Record(_) => "dict[str, t.Any]".to_owned(),
        Type::Named(name) => module.name(name).to_owned(),
        Type::Either(choices) => list(choices, " | "),
    }
}

/// The argument that gives a field its default. A list, a model and a tuple are read from JSON like
/// those of an event, anew for each.
pub(super) fn initial(value: &Value, ty: &Type, shown: &str) -> String {
    match (value, ty) {
        (Value::Array(items), Type::List(_) | Type::Any) if items.is_empty() => {
            "default_factory=lambda: []".to_owned()
        }
        (Value::Object(members), Type::Map(_) | Type::Any) if members.is_empty() => {
            "default_factory=lambda: {}".to_owned()
        }
        (Value::Array(_) | Value::Object(_), _) => {
            format!("default_factory=lambda: _default({shown}, {})", literal(&value.to_string()))
        }
        _ => format!("default={}", scalar(value)),
    }
}

/// JSON as a string, without escapes where it can be.
fn literal(json: &str) -> String {
    if json.contains(['\'', '\\']) { quoted(json) } else { format!("'{json}'") }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        // Python reads numbers and the escapes of strings as JSON has them.
        other => other.to_string(),
    }
}
