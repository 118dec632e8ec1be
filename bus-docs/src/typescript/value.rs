//! Types and keys in TypeScript's syntax.

use serde_json::Value;

use super::TypeNames;
use crate::types::{Member, Type};

pub(super) fn shown(ty: &Type, types: &TypeNames<'_>) -> String {
    let list = |all: &[Type], between: &str| {
        let mut texts: Vec<String> = all.iter().map(|ty| grouped(ty, types)).collect();
        texts.dedup(); // each number is a `number`
        texts.join(between)
    };
    match ty {
        Type::Any => "unknown".to_owned(),
        Type::Null => "null".to_owned(),
        Type::Boolean => "boolean".to_owned(),
        Type::Integer | Type::Number => "number".to_owned(),
        Type::LongInteger => "LongInteger".to_owned(),
        Type::Text => "string".to_owned(),
        Type::Literals(values) => values.iter().map(Value::to_string).collect::<Vec<_>>().join(" | "),
        Type::List(item) => format!("{}[]", grouped(item, types)),
        Type::Tuple(places) => {
            format!("[{}]", places.iter().map(|ty| shown(ty, types)).collect::<Vec<_>>().join(", "))
        }
        // A `Record` of the type that it is part of is an error of the compiler, and this is none.
        Type::Map(value) => format!("{{ [key: string]: {} }}", shown(value, types)),
        Type::Record(members) if members.is_empty() => "{ [key: string]: unknown }".to_owned(),
        Type::Record(members) => {
            let members = members.iter().map(|member| inline(member, types)).collect::<Vec<_>>();
            format!("{{ {} }}", members.join("; "))
        }
        Type::Named(name) => types.get(name.as_str()).cloned().unwrap_or_else(|| "unknown".to_owned()),
        Type::Either(choices) => list(choices, " | "),
        Type::Both(parts) => list(parts, " & "),
    }
}

fn inline(member: &Member, types: &TypeNames<'_>) -> String {
    let mark = if member.required { "" } else { "?" };
    format!("{}{mark}: {}", key(&member.name), shown(&member.ty, types))
}

fn grouped(ty: &Type, types: &TypeNames<'_>) -> String {
    let text = shown(ty, types);
    let several = match ty {
        Type::Literals(values) => values.len() > 1,
        other => matches!(other, Type::Either(_) | Type::Both(_)),
    };
    if several { format!("({text})") } else { text }
}

pub(super) fn literal(text: &str) -> String {
    Value::from(text).to_string()
}

/// The key of a member: quoted if it is no identifier.
pub(super) fn key(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$')
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty();
    if plain { name.to_owned() } else { literal(name) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::either;
    use serde_json::json;

    #[test]
    fn types_read_as_a_person_would_write_them() {
        let types = TypeNames::from([("Level", "Level".to_owned())]);
        let pairs = [
            (json!({ "type": "array", "items": { "type": ["string", "null"] } }), "(string | null)[]"),
            (json!({ "type": "array", "items": { "$ref": "#/$defs/Level" } }), "Level[]"),
            (json!({ "type": "object", "additionalProperties": {} }), "{ [key: string]: unknown }"),
            (
                json!({ "type": "object", "patternProperties": { "^[0-9]+$": { "type": "string" } } }),
                "{ [key: string]: string }",
            ),
            (json!({ "type": "integer", "minimum": 0, "maximum": u64::MAX }), "LongInteger"),
            (json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }), "number"),
            (json!({ "enum": ["low", "high"] }), "\"low\" | \"high\""),
            (
                json!({ "type": "object", "properties": { "a-b": { "type": "integer" } } }),
                "{ \"a-b\"?: number }",
            ),
        ];
        for (schema, expected) in pairs {
            assert_eq!(shown(&Type::of(&schema), &types), expected);
        }
        assert_eq!(shown(&either(vec![Type::Text, Type::Text]), &types), "string");
    }
}
