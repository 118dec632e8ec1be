//! TypeScript: one interface for each kind, and their union, discriminated by `type`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::model::{Catalog, Event, Field};
use crate::output::GENERATED;
use crate::types::{Member, Names, Type};

const HEAD: &str = r"
/** The envelope of every event. Keys that are not listed are attributes, such as `graph_id`. */
export interface BusEnvelope {
  /** The stream it happened on. */
  stream_id: string;
  /** The node it happened in. */
  node_id: string | null;
  /** The execution it belongs to. */
  execution_id: string | null;
  /** When it happened, as in ISO 8601. */
  timestamp: string;
  /** The external request that it belongs to. */
  correlation_id: string | null;
  /** The event's id, and the cursor to resume from; absent in other recordings. */
  id?: string | null;
  /** Its position in the order of the bus. */
  seq?: number | null;
  /** The version of its data's schema. */
  version?: number | null;
  /** The event in whose handler it was emitted. */
  causation_id?: string | null;
}
";

pub(crate) fn render(catalog: &Catalog) -> String {
    let mut names =
        Names::with(&["BusEnvelope", "BusEvent", "Kind", "KINDS", "ALIASES", "EventOf", "isDeclared"]);
    let events: Vec<(&Event, String)> =
        catalog.events.iter().map(|event| (event, names.take(&event.name))).collect();
    let types: BTreeMap<&str, String> =
        catalog.types.keys().map(|name| (name.as_str(), names.take(name))).collect();
    let mut out = format!("// {GENERATED}\n");
    out.push_str(HEAD);
    for (name, schema) in &catalog.types {
        out.push('\n');
        comment(&mut out, "", schema.get("description").and_then(Value::as_str).unwrap_or_default());
        let _ = writeln!(out, "export type {} = {};", types[name.as_str()], shown(&Type::of(schema), &types));
    }
    for (event, name) in &events {
        interface(&mut out, event, name, &types);
    }
    union(&mut out, &events);
    out
}

fn interface(out: &mut String, event: &Event, name: &str, types: &BTreeMap<&str, String>) {
    out.push('\n');
    let mut docs = event.docs.clone();
    if let Some(note) = &event.deprecated {
        let _ = write!(docs, "\n\n@deprecated {note}");
    }
    comment(out, "", docs.trim());
    let _ =
        writeln!(out, "export interface {name} extends BusEnvelope {{\n  type: {};", literal(&event.kind));
    if event.scope.node {
        out.push_str("  node_id: string;\n");
    }
    if event.scope.execution {
        out.push_str("  execution_id: string;\n");
    }
    let fields: Vec<&Field> = event.fields.iter().filter(|field| field.on_wire()).collect();
    if fields.is_empty() {
        out.push_str("  data: Record<string, never>;\n}\n");
        return;
    }
    out.push_str("  data: {\n");
    for field in fields {
        comment(out, "    ", &field.docs);
        let ty = field.schema.as_ref().map_or(Type::Any, Type::of);
        if field.flattened {
            out.push_str("    [key: string]: unknown;\n");
            continue;
        }
        let mark = if field.required && field.aliases.is_empty() { "" } else { "?" };
        let _ = writeln!(out, "    {}{mark}: {};", key(&field.name), shown(&ty, types));
    }
    out.push_str("  };\n}\n");
}

fn union(out: &mut String, events: &[(&Event, String)]) {
    out.push_str(
        "\n/** Every declared event: `switch (event.type)` distinguishes them. */\nexport type BusEvent =\n",
    );
    for (at, (_, name)) in events.iter().enumerate() {
        let end = if at + 1 == events.len() { ";" } else { "" };
        let _ = writeln!(out, "  | {name}{end}");
    }
    if events.is_empty() {
        out.push_str("  never;\n");
    }
    out.push_str("\n/** Every declared kind, sorted. */\nexport const KINDS = [\n");
    for (event, _) in events {
        let _ = writeln!(out, "  {},", literal(&event.kind));
    }
    out.push_str(
        "] as const;\n\n/** The kind of a declared event. */\nexport type Kind = (typeof KINDS)[number];\n",
    );
    out.push_str("\n/** The event of one kind: `EventOf<\"…\">`. */\nexport type EventOf<K extends Kind> = Extract<BusEvent, { type: K }>;\n");
    out.push_str("\n/** Older kinds with their current names. The bus writes the current ones. */\nexport const ALIASES: Readonly<Record<string, Kind>> = {\n");
    for (event, _) in events {
        for alias in &event.aliases {
            let _ = writeln!(out, "  {}: {},", literal(alias), literal(&event.kind));
        }
    }
    out.push_str("};\n\nconst declared: ReadonlySet<string> = new Set(KINDS);\n");
    out.push_str("\n/** Whether the event is of a declared kind; its data is not checked. */\n");
    out.push_str("export function isDeclared(event: { type: string }): event is BusEvent {\n  return declared.has(event.type);\n}\n");
}

fn shown(ty: &Type, types: &BTreeMap<&str, String>) -> String {
    let list = |all: &[Type], between: &str| {
        all.iter().map(|ty| grouped(ty, types)).collect::<Vec<_>>().join(between)
    };
    match ty {
        Type::Any => "unknown".to_owned(),
        Type::Null => "null".to_owned(),
        Type::Boolean => "boolean".to_owned(),
        Type::Integer | Type::Number => "number".to_owned(),
        Type::Text => "string".to_owned(),
        Type::Literals(values) => values.iter().map(Value::to_string).collect::<Vec<_>>().join(" | "),
        Type::List(item) => format!("{}[]", grouped(item, types)),
        Type::Tuple(places) => {
            format!("[{}]", places.iter().map(|ty| shown(ty, types)).collect::<Vec<_>>().join(", "))
        }
        Type::Map(value) => format!("Record<string, {}>", shown(value, types)),
        Type::Record(members) if members.is_empty() => "Record<string, unknown>".to_owned(),
        Type::Record(members) => {
            let members = members.iter().map(|member| inline(member, types)).collect::<Vec<_>>();
            format!("{{ {} }}", members.join("; "))
        }
        Type::Named(name) => types.get(name.as_str()).cloned().unwrap_or_else(|| "unknown".to_owned()),
        Type::Either(choices) => list(choices, " | "),
        Type::Both(parts) => list(parts, " & "),
    }
}

fn inline(member: &Member, types: &BTreeMap<&str, String>) -> String {
    let mark = if member.required { "" } else { "?" };
    format!("{}{mark}: {}", key(&member.name), shown(&member.ty, types))
}

fn grouped(ty: &Type, types: &BTreeMap<&str, String>) -> String {
    let text = shown(ty, types);
    let several = match ty {
        Type::Literals(values) => values.len() > 1,
        other => matches!(other, Type::Either(_) | Type::Both(_)),
    };
    if several { format!("({text})") } else { text }
}

fn literal(text: &str) -> String {
    Value::from(text).to_string()
}

fn key(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$')
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty();
    if plain { name.to_owned() } else { literal(name) }
}

fn comment(out: &mut String, indent: &str, docs: &str) {
    let docs = docs.replace("*/", "*\u{200b}/");
    let mut lines = docs.lines();
    match (lines.next(), lines.next()) {
        (None, _) => {}
        (Some(only), None) => drop(writeln!(out, "{indent}/** {} */", only.trim())),
        _ => {
            let _ = writeln!(out, "{indent}/**");
            for line in docs.lines() {
                let _ = writeln!(out, "{}", format!("{indent} * {line}").trim_end());
            }
            let _ = writeln!(out, "{indent} */");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::either;
    use serde_json::json;

    #[test]
    fn types_read_as_a_person_would_write_them() {
        let types = BTreeMap::from([("Level", "Level".to_owned())]);
        let pairs = [
            (json!({ "type": "array", "items": { "type": ["string", "null"] } }), "(string | null)[]"),
            (json!({ "type": "array", "items": { "$ref": "#/$defs/Level" } }), "Level[]"),
            (json!({ "type": "object", "additionalProperties": true }), "Record<string, unknown>"),
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
