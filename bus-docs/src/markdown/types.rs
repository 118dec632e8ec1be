//! The keys around the data of events, and the types of fields.

use std::fmt::Write as _;

use serde_json::Value;

use super::{anchor, code, row, shown};
use crate::envelope::{ATTRIBUTES, INTRO, KEYS};
use crate::model::{Catalog, description};
use crate::types::{Member, Type};
use crate::words::{Words, documented};

pub(super) fn envelope(out: &mut String) {
    let _ = writeln!(out, "\n## Envelope\n\n{INTRO}\n");
    out.push_str("| key | type | description |\n|---|---|---|\n");
    for key in KEYS {
        row(out, &[&code(key.name), key.form.words(), key.docs]);
    }
    let _ = writeln!(out, "\n{ATTRIBUTES}");
}

pub(super) fn types(out: &mut String, catalog: &Catalog) {
    if catalog.types.is_empty() {
        return;
    }
    out.push_str("\n## Types\n");
    for (name, schema) in &catalog.types {
        let _ = writeln!(out, "\n### Type `{name}`\n");
        named(out, schema);
    }
}

/// The place of a type on the page.
pub(super) fn link(name: &str) -> String {
    format!("[`{name}`](#{})", anchor(&format!("type-{name}")))
}

fn named(out: &mut String, schema: &Value) {
    let docs = description(schema);
    if !docs.is_empty() {
        let _ = writeln!(out, "{docs}\n");
    }
    match Type::of(schema) {
        Type::Literals(values) => {
            out.push_str("| value | description |\n|---|---|\n");
            for (value, docs) in documented(schema, &values) {
                row(out, &[&code(&value), docs]);
            }
        }
        Type::Record(members) if !members.is_empty() => {
            out.push_str("| member | type | default | description |\n|---|---|---|---|\n");
            for member in &members {
                let ty = shown(&Words::of(&member.ty));
                row(out, &[&code(&member.name), &ty, &default(member), &member.docs]);
            }
        }
        Type::Either(choices) => {
            out.push_str("One of:\n\n");
            for choice in &choices {
                let _ = writeln!(out, "* {}", shown(&Words::of(choice)));
            }
        }
        other => drop(writeln!(out, "{}", shown(&Words::of(&other)))),
    }
}

fn default(member: &Member) -> String {
    match &member.default {
        _ if member.required => "required".to_owned(),
        Some(default) => code(&default.to_string()),
        None => String::new(),
    }
}
