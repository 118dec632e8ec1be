//! Python: pydantic models, their union, discriminated by `type`, and a loader from a line of JSON.

mod names;
mod value;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::model::{Catalog, Event, Field};
use crate::output::GENERATED;
use crate::types::{Member, Names, Type};
use names::attribute;
use value::{quoted, shown, written};

const HEAD: &str = include_str!("head.py");
const TAIL: &str = include_str!("tail.py");

/// Names that the module itself uses.
const RESERVED: &[&str] = &[
    "Envelope",
    "Event",
    "Undeclared",
    "Kind",
    "KINDS",
    "ALIASES",
    "load",
    "load_any",
    "datetime",
    "json",
    "t",
    "pydantic",
    "None",
    "True",
    "False",
];

/// The names of types in the module.
type TypeNames<'a> = BTreeMap<&'a str, String>;

pub(crate) fn render(catalog: &Catalog) -> String {
    let mut names = Names::with(RESERVED);
    let events: Vec<(&Event, String)> =
        catalog.events.iter().map(|event| (event, names.take(&event.name))).collect();
    let types: TypeNames<'_> = catalog.types.keys().map(|name| (name.as_str(), names.take(name))).collect();
    let title = catalog.title.replace('\\', "\\\\").replace("\"\"\"", "'''");
    let mut out = format!("\"\"\"{title}: the events as lines of JSON.\n\n{GENERATED}\n");
    out.push_str(HEAD);
    for (name, schema) in &catalog.types {
        named(&mut out, &mut names, (&types[name.as_str()], schema), &types);
    }
    for (event, name) in &events {
        let data = names.take(&format!("{name}Data"));
        data_class(&mut out, event, &data, &types);
        event_class(&mut out, event, name, &data);
    }
    union(&mut out, &events);
    out.push_str(TAIL);
    out
}

/// A type that fields name: a model if it is a record, otherwise an alias.
fn named(out: &mut String, names: &mut Names, (name, schema): (&str, &Value), types: &TypeNames<'_>) {
    let docs = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    match Type::of(schema) {
        Type::Record(members) => record(out, name, docs, &members, types),
        // The choices of an enum are models too, each named by its tag.
        Type::Either(choices) if choices.iter().any(|choice| matches!(choice, Type::Record(_))) => {
            let mut parts = Vec::new();
            for (at, choice) in choices.iter().enumerate() {
                let Type::Record(members) = choice else {
                    parts.push(shown(choice, types));
                    continue;
                };
                let class = names.take(&format!("{name}{}", variant(members, at)));
                record(out, &class, "", members, types);
                parts.push(class);
            }
            let _ = writeln!(out, "\n\n{name}: t.TypeAlias = {}", quoted(&parts.join(" | ")));
            let _ = docstring(out, "", docs);
        }
        // Written as a string, so that types may name each other in any order.
        other => {
            let _ = writeln!(out, "\n\n{name}: t.TypeAlias = {}", quoted(&shown(&other, types)));
            let _ = docstring(out, "", docs);
        }
    }
}

fn record(out: &mut String, name: &str, docs: &str, members: &[Member], types: &TypeNames<'_>) {
    let _ = writeln!(out, "\n\nclass {name}(_Model):");
    let documented = docstring(out, "    ", docs);
    for member in members {
        record_member(out, member, types);
    }
    if members.is_empty() && !documented {
        out.push_str("    pass\n");
    }
}

/// `Mail` for a choice with the tag `mail`, or with `mail` as its only key; otherwise its position.
fn variant(members: &[Member], at: usize) -> String {
    let tag = members.iter().find_map(|member| match &member.ty {
        Type::Literals(values) => values.first()?.as_str(),
        _ => None,
    });
    match (tag, members) {
        (Some(tag), _) => capitals(tag),
        (None, [only]) => capitals(&only.name),
        _ => (at + 1).to_string(),
    }
}

fn capitals(words: &str) -> String {
    let word = |word: &str| {
        word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect::<String>()
    };
    words.split(|c: char| !c.is_alphanumeric()).map(word).collect()
}

fn record_member(out: &mut String, member: &Member, types: &TypeNames<'_>) {
    let (name, renamed) = attribute(&member.name);
    let alias = renamed.then(|| format!("alias={}", quoted(&member.name)));
    let ty = shown(&member.ty, types);
    let (ty, default) = match (member.required, member.ty.takes_null()) {
        (true, _) => (ty, None),
        (false, true) => (ty, Some("default=None".to_owned())),
        (false, false) => (format!("{ty} | None"), Some("default=None".to_owned())),
    };
    assign(out, &name, &ty, [default, alias]);
    let _ = docstring(out, "    ", &member.docs);
}

fn data_class(out: &mut String, event: &Event, name: &str, types: &TypeNames<'_>) {
    let _ = writeln!(out, "\n\nclass {name}(_Model):");
    let _ = docstring(out, "    ", &format!("The data of `{}`.", event.kind));
    for field in event.fields.iter().filter(|field| field.on_wire() && !field.flattened) {
        data_member(out, field, types);
    }
}

fn data_member(out: &mut String, field: &Field, types: &TypeNames<'_>) {
    let (name, renamed) = attribute(&field.name);
    let mut ty = field.schema.as_ref().map_or(Type::Any, Type::of);
    let mut default = None;
    if !field.required {
        let value = field.default_value.clone().unwrap_or(Value::Null);
        if value.is_null() && !ty.takes_null() {
            ty = Type::Either(vec![ty, Type::Null]);
        }
        let model = matches!(ty, Type::Named(_)) && !value.is_null();
        default = Some(match &value {
            // A default that is a model or a list is made anew for each event.
            Value::Array(_) | Value::Object(_) if model => {
                let ty = shown(&ty, types);
                format!(
                    "default_factory=lambda: pydantic.TypeAdapter[{ty}]({ty}).validate_python({})",
                    written(&value)
                )
            }
            Value::Array(list) if list.is_empty() => "default_factory=list".to_owned(),
            Value::Object(map) if map.is_empty() => "default_factory=dict".to_owned(),
            Value::Array(_) | Value::Object(_) => format!("default_factory=lambda: {}", written(&value)),
            scalar => format!("default={}", written(scalar)),
        });
    }
    let alias = if field.aliases.is_empty() {
        renamed.then(|| format!("alias={}", quoted(&field.name)))
    } else {
        let names: Vec<_> =
            std::iter::once(&field.name).chain(&field.aliases).map(|name| quoted(name)).collect();
        Some(format!("validation_alias=pydantic.AliasChoices({})", names.join(", ")))
    };
    assign(out, &name, &shown(&ty, types), [default, alias]);
    let _ = docstring(out, "    ", &field.docs);
}

fn assign(out: &mut String, name: &str, ty: &str, arguments: [Option<String>; 2]) {
    let arguments: Vec<String> = arguments.into_iter().flatten().collect();
    let value = match &arguments[..] {
        [] => String::new(),
        [only] if only.starts_with("default=") => format!(" = {}", &only["default=".len()..]),
        several => format!(" = pydantic.Field({})", several.join(", ")),
    };
    let _ = writeln!(out, "    {name}: {ty}{value}");
}

fn event_class(out: &mut String, event: &Event, name: &str, data: &str) {
    let _ = writeln!(out, "\n\nclass {name}(Envelope):");
    let _ = docstring(out, "    ", &event.docs);
    let _ = writeln!(out, "    type: t.Literal[{}]", quoted(&event.kind));
    if event.scope.node {
        out.push_str("    node_id: str\n");
    }
    if event.scope.execution {
        out.push_str("    execution_id: str\n");
    }
    let _ = writeln!(out, "    data: {data}");
}

fn union(out: &mut String, events: &[(&Event, String)]) {
    out.push_str("\n\nEvent: t.TypeAlias = t.Annotated[\n    t.Union[\n");
    for (_, name) in events {
        let _ = writeln!(out, "        {name},");
    }
    out.push_str("    ],\n    pydantic.Field(discriminator=\"type\"),\n]\n\"\"\"Every declared event: `match event` or `event.type` distinguishes them.\"\"\"\n\n");
    out.push_str("Kind: t.TypeAlias = t.Literal[\n");
    for (event, _) in events {
        let _ = writeln!(out, "    {},", quoted(&event.kind));
    }
    out.push_str("]\n\nKINDS: t.Final[tuple[Kind, ...]] = t.get_args(Kind)\n\"\"\"Every declared kind, sorted.\"\"\"\n");
    out.push_str("\nALIASES: t.Final[dict[str, Kind]] = {\n");
    for (event, _) in events {
        for alias in &event.aliases {
            let _ = writeln!(out, "    {}: {},", quoted(alias), quoted(&event.kind));
        }
    }
    out.push_str("}\n\"\"\"Older kinds with their current names.\"\"\"\n");
}

/// Returns whether it wrote a docstring.
fn docstring(out: &mut String, indent: &str, docs: &str) -> bool {
    let docs = docs.replace('\\', "\\\\").replace("\"\"\"", "'''");
    let mut lines = docs.trim().lines();
    let Some(first) = lines.next() else { return false };
    // A quote at the end would end the docstring.
    let end = if docs.trim_end().ends_with('"') { " " } else { "" };
    let _ = write!(out, "{indent}\"\"\"{first}");
    let mut several = false;
    for line in lines {
        several = true;
        let line = if line.is_empty() { String::new() } else { format!("{indent}{line}") };
        let _ = write!(out, "\n{line}");
    }
    let _ = if several { writeln!(out, "\n{indent}\"\"\"") } else { writeln!(out, "{end}\"\"\"") };
    true
}
