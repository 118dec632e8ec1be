//! Rules that need to see more than one word: one function a rule.

use std::collections::HashMap;

use quote::format_ident;
use syn::ext::IdentExt;
use syn::{Ident, LitStr};

use crate::attr::{listed, nearest};
use crate::ctxt::Ctxt;
use crate::model::{Definition, Ending, Event, Field};

/// A kind is a key in tables and a name in file systems and query strings: longer ones are no names.
const LONGEST_KIND: usize = 100;
/// One bit each in the decoder.
const MOST_FIELDS: usize = 128;

pub(crate) fn check(ctxt: &Ctxt, definition: &mut Definition) {
    check_prefix(ctxt, definition);
    for event in &definition.events {
        check_kinds(ctxt, event, definition);
        check_fields(ctxt, event);
        check_coalesce(ctxt, event);
        check_policies(ctxt, event);
        for end in &event.ends_with {
            check_ending(ctxt, definition, event, end);
        }
    }
    check_distinct_kinds(ctxt, definition);
    check_distinct_helpers(ctxt, definition);
    check_generated_names(ctxt, definition);
}

/// The prefix is part of each kind.
fn check_prefix(ctxt: &Ctxt, definition: &Definition) {
    if let Some(prefix) = definition.prefix.as_ref().filter(|prefix| !allowed(&prefix.value())) {
        ctxt.error(prefix.span(), "a prefix has small letters, digits, `_` and `.` only: \"build.\"");
    }
}

/// Kinds and aliases have the letters `[a-z0-9_.]`, at least one and not too many.
fn check_kinds(ctxt: &Ctxt, event: &Event, definition: &Definition) {
    let prefix_is_wrong = definition.prefix.as_ref().is_some_and(|prefix| !allowed(&prefix.value()));
    for kind in std::iter::once(&event.kind).filter(|_| !prefix_is_wrong).chain(&event.aliases) {
        let text = kind.value();
        if text.is_empty() {
            ctxt.error(kind.span(), "a kind is not empty: leave `kind` out for the name in snake case");
        } else if text.len() > LONGEST_KIND {
            ctxt.error(
                kind.span(),
                format!("a kind has at most {LONGEST_KIND} letters, this one has {}", text.len()),
            );
        } else if !allowed(&text) {
            ctxt.error(
                kind.span(),
                wrong_letters(&text, event.kind_is_given || !std::ptr::eq(kind, &raw const event.kind)),
            );
        }
    }
}

fn allowed(kind: &str) -> bool {
    kind.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.'))
}

/// The same written rightly; where the name of the variant gave it, the name may stay.
fn wrong_letters(kind: &str, is_given: bool) -> String {
    if !is_given {
        return format!(
            "the kind `{kind}` that this name gives has letters beside a-z, digits, `_` and `.`: give it another, \
             `#[event(kind = \"..\")]`"
        );
    }
    let lower = kind.to_lowercase();
    let fixed = lower.chars().map(|c| if matches!(c, 'a'..='z' | '0'..='9' | '_' | '.') { c } else { '_' });
    format!("a kind has small letters, digits, `_` and `.` only: \"{}\"", fixed.collect::<String>())
}

/// Each field has its own name on the wire, and a setter has a name of its own.
fn check_fields(ctxt: &Ctxt, event: &Event) {
    if event.fields.len() > MOST_FIELDS {
        let message =
            format!("an event has at most {MOST_FIELDS} fields: put some into a struct of their own");
        ctxt.error(event.ident.span(), message);
    }
    let mut names: HashMap<&str, &Field> = HashMap::new();
    for field in &event.fields {
        for name in std::iter::once(&field.name).chain(&field.aliases) {
            if let Some(other) = names.insert(name, field) {
                let message = format!("`{name}` already names the field `{}` on the wire", other.ident);
                ctxt.error(field.serde.rename.as_ref().map_or(field.span(), LitStr::span), message);
            }
        }
        check_wire_name(ctxt, field);
        check_setters(ctxt, event, field);
        check_flatten(ctxt, event, field);
    }
}

/// A name that must be escaped in JSON would be written differently from how it is compared.
fn check_wire_name(ctxt: &Ctxt, field: &Field) {
    if field.name.is_empty() || field.name.chars().any(|c| c.is_control() || c == '"' || c == '\\') {
        let span = field.serde.rename.as_ref().map_or(field.span(), LitStr::span);
        ctxt.error(span, "the name of a field on the wire is not empty and has no quotes, backslashes or control characters");
    }
}

/// A setter is a method beside `new` and `send`, and beside the setters of other fields.
fn check_setters(ctxt: &Ctxt, event: &Event, field: &Field) {
    let own = field.ident.unraw().to_string();
    for setter in field.setters() {
        if let Some(used) = ["new", "send", "into_future"].iter().find(|used| **used == setter) {
            let message = format!(
                "`{used}` is a method of every event, so an optional field cannot be called that: rename it, and keep \
                 the name on the wire with `#[serde(rename = \"{used}\")]`"
            );
            ctxt.error(field.span(), message);
        }
        let others = event.fields.iter().filter(|other| other.ident != field.ident);
        if let Some(other) =
            others.into_iter().find(|other| setter != own && other.setters().contains(&setter))
        {
            let message = format!("the field `{own}` has a setter `{setter}` already: rename one of the two");
            ctxt.error(other.span(), message);
        }
    }
}

/// What is flattened takes the keys that no other field has: only one can.
fn check_flatten(ctxt: &Ctxt, event: &Event, field: &Field) {
    let first = event.fields.iter().find(|other| other.serde.flatten.is_some());
    if let (Some(span), Some(first)) = (field.serde.flatten, first)
        && first.ident != field.ident
    {
        ctxt.error(span, format!("`{}` is flattened already, and only one field can be", first.ident));
    }
}

/// `coalesce` names fields of the event.
fn check_coalesce(ctxt: &Ctxt, event: &Event) {
    for field in event.coalesce.iter().flatten() {
        check_field_of(ctxt, event, field);
    }
}

/// What may never be dropped cannot be what is replaced.
fn check_policies(ctxt: &Ctxt, event: &Event) {
    if event.critical && event.coalesce.is_some() {
        let message = format!(
            "`{}` is both `critical`, never dropped, and `coalesce`, replaced: leave one out",
            event.ident
        );
        ctxt.error(event.ident.span(), message);
    }
}

/// `ends_with` names another event of this file, and `by` fields that both have.
fn check_ending(ctxt: &Ctxt, definition: &Definition, event: &Event, end: &Ending) {
    let Some(other) = definition.events.iter().find(|other| other.ident == end.event) else {
        let names: Vec<String> = definition.events.iter().map(|event| event.ident.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let fix = match nearest(&end.event.to_string(), &names) {
            Some(name) => format!("did you mean `{name}`?"),
            None => "name a variant of this enum".to_owned(),
        };
        ctxt.error(end.event.span(), format!("`{}` has no event `{}`: {fix}", definition.ident, end.event));
        return;
    };
    // Each event that ends it brings the same words again: report them once.
    let is_first = event.ends_with.first().is_some_and(|first| first.event == end.event);
    for field in &end.by {
        if let Some(own) = event.field(field) {
            check_field_of(ctxt, other, field);
            check_same_name(ctxt, own, other.field(field));
        } else if is_first {
            check_field_of(ctxt, event, field);
        }
    }
}

/// A pair is matched by names on the wire: both events write the field by one name.
fn check_same_name(ctxt: &Ctxt, own: &Field, other: Option<&Field>) {
    if let Some(other) = other.filter(|other| other.name != own.name) {
        let message = format!(
            "a pair is matched by the name on the wire, and this field is `{}` there and `{}` in the event that begins: \
             rename both alike",
            other.name, own.name
        );
        ctxt.error(other.span(), message);
    }
}

fn check_field_of(ctxt: &Ctxt, event: &Event, field: &Ident) {
    if event.field(field).is_some() {
        return;
    }
    let names: Vec<String> = event.fields.iter().map(|field| field.ident.unraw().to_string()).collect();
    let refs: Vec<&str> = names.iter().map(String::as_str).collect();
    let fix = match (nearest(&field.to_string(), &refs), refs.as_slice()) {
        (Some(name), _) => format!("did you mean `{name}`?"),
        (None, []) => "it has none".to_owned(),
        (None, _) => format!("it has {}", listed(&names)),
    };
    ctxt.error(field.span(), format!("`{}` has no field `{field}`: {fix}", event.ident));
}

/// A kind or an alias names one event.
fn check_distinct_kinds(ctxt: &Ctxt, definition: &Definition) {
    let mut seen: HashMap<String, &Event> = HashMap::new();
    let kinds = definition.events.iter().map(|event| (&event.kind, event));
    let aliases =
        definition.events.iter().flat_map(|event| event.aliases.iter().map(move |alias| (alias, event)));
    for (kind, event) in kinds.chain(aliases).filter(|(kind, _)| !kind.value().is_empty()) {
        if let Some(other) = seen.insert(kind.value(), event) {
            let message = if other.ident == event.ident {
                format!("`{}` names this event already: leave it out", kind.value())
            } else {
                format!(
                    "`{}` is the kind of `{}` already: give one of the two another",
                    kind.value(),
                    other.ident
                )
            };
            ctxt.error(kind.span(), message);
        }
    }
}

/// `LLMCall` and `LlmCall` are two variants and one helper.
fn check_distinct_helpers(ctxt: &Ctxt, definition: &Definition) {
    let mut seen: HashMap<String, &Event> = HashMap::new();
    for event in &definition.events {
        if let Some(other) = seen.insert(event.helper(), event).filter(|other| other.ident != event.ident) {
            let message = format!(
                "`{}` and `{}` would both be emitted by `{}`: rename one of the two",
                other.ident,
                event.ident,
                event.helper()
            );
            ctxt.error(event.ident.span(), message);
        }
    }
}

/// Types are generated beside the definition: its own name, `…Emit`, `…Ref` and the builders are taken.
fn check_generated_names(ctxt: &Ctxt, definition: &mut Definition) {
    let own = definition.ident.to_string();
    let fixed = [
        (own.clone(), "the definition"),
        (format!("{own}Emit"), "its trait"),
        (format!("{own}Ref"), "its view"),
    ];
    let builders = definition.events.iter().filter(|event| event.has_builder());
    let builders: Vec<(String, &str)> =
        builders.map(|event| (event.builder().to_string(), "a generated builder")).collect();
    for event in &mut definition.events {
        let name = event.ident.to_string();
        if let Some((_, what)) = fixed.iter().chain(&builders).find(|(taken, _)| *taken == name) {
            let message = format!("`{name}` is the name of {what}: the struct of this event needs another");
            ctxt.error(event.variant.span(), message);
            event.ident = format_ident!("{name}Event", span = event.variant.span());
        }
    }
}
