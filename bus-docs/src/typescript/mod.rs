//! TypeScript: one interface for each kind, and their union, discriminated by `type`.

mod value;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::envelope::{Key, shared};
use crate::model::{Catalog, Event, Names, description, resolved};
use crate::output::GENERATED;
use crate::types::{Member, Type};
use value::{key, literal, shown};

const HEAD: &str = include_str!("head.ts");
const TAIL: &str = include_str!("tail.ts");

/// Names that the file itself declares.
const OWN: &[&str] = &[
    "BusEnvelope",
    "BusEvent",
    "Kind",
    "KINDS",
    "ALIASES",
    "EventOf",
    "LongInteger",
    "attribute",
    "declared",
    "isDeclared",
];

/// Names that the language has. A type with one of them would hide that of the language.
const TAKEN: &[&str] = &[
    "Array",
    "ArrayLike",
    "Awaited",
    "BigInt",
    "Boolean",
    "Capitalize",
    "DataView",
    "Date",
    "Error",
    "Event",
    "Exclude",
    "Extract",
    "Function",
    "InstanceType",
    "Iterable",
    "Iterator",
    "JSON",
    "Map",
    "Math",
    "NonNullable",
    "Number",
    "Object",
    "Omit",
    "Parameters",
    "Partial",
    "Pick",
    "Promise",
    "PropertyKey",
    "Proxy",
    "Readonly",
    "ReadonlyArray",
    "ReadonlyMap",
    "ReadonlySet",
    "Record",
    "Reflect",
    "RegExp",
    "Required",
    "ReturnType",
    "Set",
    "String",
    "Symbol",
    "ThisType",
    "Uncapitalize",
    "WeakMap",
    "WeakSet",
    "any",
    "bigint",
    "boolean",
    "never",
    "null",
    "number",
    "object",
    "string",
    "symbol",
    "undefined",
    "unknown",
    "void",
];

/// The names of types in the file.
type TypeNames<'a> = BTreeMap<&'a str, String>;

pub(crate) fn render(catalog: &Catalog) -> String {
    let mut names = Names::with(&[OWN, TAKEN].concat());
    let events: Vec<(&Event, String)> =
        catalog.events.iter().map(|event| (event, names.take(&event.name))).collect();
    let types: TypeNames<'_> = catalog.types.keys().map(|name| (name.as_str(), names.take(name))).collect();
    let mut out = format!("// {GENERATED}\n\n");
    base(&mut out, &types);
    out.push_str(HEAD);
    for (name, schema) in &catalog.types {
        out.push('\n');
        comment(&mut out, "", description(schema));
        named(&mut out, &types[name.as_str()], &Type::of(schema), &types);
    }
    for (event, name) in &events {
        interface(&mut out, catalog, event, name, &types);
    }
    union(&mut out, &events);
    out.push_str(TAIL);
    out
}

/// The interface of the keys that every event has.
fn base(out: &mut String, types: &TypeNames<'_>) {
    comment(
        out,
        "",
        "The envelope of every event. Further keys are attributes: `attribute(event, \"graph_id\")`.",
    );
    let member = |key: &Key| Member {
        name: key.name.to_owned(),
        ty: key.form.ty(),
        required: !key.form.may_be_absent(),
        default: None,
        docs: key.docs.to_owned(),
    };
    named(out, "BusEnvelope", &Type::Record(shared().map(member).collect()), types);
}

/// A type that fields name: an interface if it is a record, otherwise an alias.
fn named(out: &mut String, name: &str, ty: &Type, types: &TypeNames<'_>) {
    match ty {
        Type::Record(members) if !members.is_empty() => {
            let _ = writeln!(out, "export interface {name} {{");
            for member in members {
                write_member(out, "  ", member, types);
            }
            out.push_str("}\n");
        }
        other => drop(writeln!(out, "export type {name} = {};", shown(other, types))),
    }
}

fn write_member(out: &mut String, indent: &str, member: &Member, types: &TypeNames<'_>) {
    comment(out, indent, &member.docs);
    let mark = if member.required { "" } else { "?" };
    let _ = writeln!(out, "{indent}{}{mark}: {};", key(&member.name), shown(&member.ty, types));
}

fn interface(out: &mut String, catalog: &Catalog, event: &Event, name: &str, types: &TypeNames<'_>) {
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
    let (members, open) = members(catalog, event);
    if members.is_empty() && !open {
        out.push_str("  data: Record<string, never>;\n}\n");
        return;
    }
    out.push_str("  data: {\n");
    for member in &members {
        write_member(out, "    ", member, types);
    }
    if open {
        out.push_str("    [key: string]: unknown;\n");
    }
    out.push_str("  };\n}\n");
}

/// The keys of the data, and whether it has others too.
fn members(catalog: &Catalog, event: &Event) -> (Vec<Member>, bool) {
    let (mut members, mut open) = (Vec::new(), false);
    for field in event.fields.iter().filter(|field| field.on_wire()) {
        if !field.flattened {
            let ty = field.schema.as_ref().map_or(Type::Any, Type::of);
            members.push(Member {
                name: field.name.clone(),
                ty,
                required: field.required && field.aliases.is_empty(),
                default: None,
                docs: field.docs.clone(),
            });
            continue;
        }
        match field.schema.as_ref().map(|schema| Type::of(resolved(schema, &catalog.types))) {
            Some(Type::Record(merged)) => members.extend(merged),
            _ => open = true,
        }
    }
    (members, open)
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
            let _ = writeln!(out, "  {}: {},", key(alias), literal(&event.kind));
        }
    }
    out.push_str("};\n");
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
