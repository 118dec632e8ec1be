//! Code to copy: an emit of an event, and a subscription to it.

use std::fmt::Write as _;

use serde_json::Value;

use crate::model::{Event, Field};

/// The emit call in Rust, with the values of the example.
pub(crate) fn emit(event: &Event) -> String {
    let data = example_data(event);
    let value = |field: &Field| argument(field, data.get(&field.name).unwrap_or(&Value::Null));
    let required: Vec<String> = event.fields.iter().filter(|field| field.is_argument()).map(value).collect();
    let mut out = "let receipt = bus\n    .stream(\"desk\")\n".to_owned();
    if event.scope.execution {
        out.push_str("    .execution(\"exec-1\")\n");
    }
    if event.scope.node {
        out.push_str("    .node(\"planner\")\n");
    }
    let line = required.join(", ");
    let _ = if line.len() > 60 {
        writeln!(out, "    .{}(\n        {},\n    )", event.helper, required.join(",\n        "))
    } else {
        writeln!(out, "    .{}({line})", event.helper)
    };
    for field in event.fields.iter().filter(|field| !field.is_argument()) {
        let _ = writeln!(out, "    .{}({})", field.ident(), value(field));
    }
    out.push_str("    .await;\n");
    out
}

/// A typed subscription in Rust.
pub(crate) fn subscribe(event: &Event) -> String {
    let text = |field: &&Field| field.ty == "String" && !field.redacted;
    let body = match event.fields.iter().find(text) {
        Some(field) => format!("println!(\"{{}}: {{}}\", event.stream(), event.{});", field.ident()),
        None => "println!(\"{event:?}\");".to_owned(),
    };
    let narrowed = if event.scope.node { ".node(\"planner\")" } else { "" };
    format!(
        "let guard = bus.subscribe::<{}>(){narrowed}.handle(async |event| {{\n    {body}\n}});\n",
        event.name
    )
}

/// A function in TypeScript that reads the event.
pub(crate) fn typescript(event: &Event) -> String {
    let kind = Value::from(event.kind.as_str());
    let field = readable(event).map(|field| format!(", event.data.{}", field.name)).unwrap_or_default();
    format!(
        "import type {{ EventOf }} from \"./events.js\";\n\nfunction show(event: EventOf<{kind}>): void {{\n  console.log(event.stream_id{field});\n}}\n"
    )
}

/// A loop in Python that reads the event from lines.
pub(crate) fn python(event: &Event) -> String {
    let kind = Value::from(event.kind.as_str());
    let field = readable(event).map(|field| format!(", event.data.{}", field.name)).unwrap_or_default();
    format!(
        "import sys\n\nimport events\n\nfor line in sys.stdin:\n    event = events.load_any(line)\n    if event.type == {kind}:\n        print(event.stream_id{field})\n"
    )
}

/// A field whose name every language takes.
fn readable(event: &Event) -> Option<&Field> {
    let plain = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.contains('_')
            && !name.starts_with("model_")
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            && !name.ends_with('_')
    };
    let fields = || event.fields.iter().filter(|field| field.on_wire() && !field.flattened);
    fields().find(|field| plain(&field.name))
}

fn example_data(event: &Event) -> serde_json::Map<String, Value> {
    let example = event.example.as_deref().and_then(|line| serde_json::from_str::<Value>(line).ok());
    match example.and_then(|mut example| example.get_mut("data").map(Value::take)) {
        Some(Value::Object(data)) => data,
        _ => serde_json::Map::new(),
    }
}

/// The argument for a field: a literal if the type has one, otherwise a variable with the field's
/// name.
fn argument(field: &Field, value: &Value) -> String {
    let ty = field.ty.trim();
    let ty = inside(ty, "Option").unwrap_or(ty);
    if field.flattened && is_object(ty) {
        return "object! { \"key\": \"value\" }".to_owned();
    }
    // The example shows a redacted value, which is no value to emit.
    let literal = if field.redacted { None } else { literal(ty, value) };
    literal.unwrap_or_else(|| field.ident().to_owned())
}

fn literal(ty: &str, value: &Value) -> Option<String> {
    if is_object(ty) && value.is_object() {
        return Some(format!("object! {}", spaced(value)));
    }
    match (last(ty), value) {
        ("String" | "PathBuf" | "Box<str>" | "Arc<str>" | "Rc<str>", Value::String(_)) => {
            Some(value.to_string())
        }
        ("Value", _) => Some(format!("json!({value})")),
        ("bool", Value::Bool(_)) | ("f32" | "f64", Value::Number(_)) => Some(value.to_string()),
        (ty, Value::Number(number)) if is_integer(ty) && !number.is_f64() => Some(value.to_string()),
        (ty, Value::Array(items)) => {
            let of = inside(ty, "Vec")?;
            let items: Option<Vec<_>> = items.iter().map(|item| owned(of, item)).collect();
            Some(format!("vec![{}]", items?.join(", ")))
        }
        (ty, Value::Object(members)) => {
            let map = ["BTreeMap", "HashMap"].into_iter().find(|map| inside(ty, map).is_some())?;
            let of = inside(ty, map)?.strip_prefix("String,")?.trim();
            let pair = |(key, value): (&String, &Value)| {
                Some(format!("({}.to_owned(), {})", Value::from(key.as_str()), owned(of, value)?))
            };
            let pairs: Option<Vec<_>> = members.iter().map(pair).collect();
            Some(format!("{map}::from([{}])", pairs?.join(", ")))
        }
        _ => None,
    }
}

/// A literal of exactly the type: values inside of a container are not converted.
fn owned(ty: &str, value: &Value) -> Option<String> {
    let literal = literal(ty, value)?;
    Some(if last(ty) == "String" { format!("{literal}.to_owned()") } else { literal })
}

fn is_object(ty: &str) -> bool {
    let ty = ty.replace(' ', "");
    last(&ty) == "Object"
        || ty.ends_with("Map<String,Value>") && !ty.contains("BTree") && !ty.contains("Hash")
}

fn is_integer(ty: &str) -> bool {
    ["u8", "u16", "u32", "u64", "usize", "i8", "i16", "i32", "i64", "isize"].contains(&ty)
}

/// The type without the path before its name.
fn last(ty: &str) -> &str {
    let head = ty.split('<').next().unwrap_or(ty);
    head.rfind("::").map_or(ty, |at| &ty[at + 2..])
}

/// `T` of `Name<T>`.
fn inside<'a>(ty: &'a str, name: &str) -> Option<&'a str> {
    Some(last(ty).strip_prefix(name)?.trim_start().strip_prefix('<')?.strip_suffix('>')?.trim())
}

/// An object in the syntax of `object!`.
fn spaced(value: &Value) -> String {
    let Value::Object(members) = value else { return value.to_string() };
    let members: Vec<String> =
        members.iter().map(|(key, value)| format!("{}: {value}", Value::from(key.as_str()))).collect();
    if members.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", members.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn literals_are_those_of_the_type() {
        let cases = [
            ("String", json!("a"), Some("\"a\"")),
            ("std::string::String", json!("a"), Some("\"a\"")),
            ("u64", json!(1), Some("1")),
            ("f64", json!(0.5), Some("0.5")),
            ("Vec<String>", json!(["a"]), Some("vec![\"a\".to_owned()]")),
            ("BTreeMap<String, u32>", json!({ "a": 1 }), Some("BTreeMap::from([(\"a\".to_owned(), 1)])")),
            ("Object", json!({ "a": 1 }), Some("object! { \"a\": 1 }")),
            ("Value", json!([1]), Some("json!([1])")),
            ("Level", json!("low"), None),
            ("Vec<Level>", json!(["low"]), None),
        ];
        for (ty, value, expected) in cases {
            assert_eq!(literal(ty, &value).as_deref(), expected, "{ty}");
        }
    }
}
