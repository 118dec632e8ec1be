//! Rules for the relations of events to each other and to their fields.

use std::collections::HashSet;

use syn::Ident;
use syn::ext::IdentExt;

use crate::attr::{listed, nearest};
use crate::ctxt::Ctxt;
use crate::model::{Definition, Ending, Event, Field};

/// `coalesce` names fields of the event, each once.
pub(super) fn check_coalesce(ctxt: &Ctxt, event: &Event) {
    check_once(ctxt, event.coalesce.iter().flatten());
    for field in event.coalesce.iter().flatten() {
        check_field_of(ctxt, event, field);
    }
}

/// An event that may never be dropped cannot be one that is replaced.
pub(super) fn check_policies(ctxt: &Ctxt, event: &Event) {
    if event.critical && event.coalesce.is_some() {
        let message = format!(
            "`{}` is both `critical`, never dropped, and `coalesce`, replaced: leave one out",
            event.ident
        );
        ctxt.error(event.ident.span(), message);
    }
}

/// An event that begins or ends an execution has one. One that pauses or resumes it comes from an
/// execution or from one of its nodes.
pub(super) fn check_life(ctxt: &Ctxt, event: &Event) {
    let Some(life) = &event.life else { return };
    if event.execution {
        return;
    }
    let ident = &event.ident;
    if life.step.is_begin_or_end() {
        let message = format!(
            "`{ident}` is a step in the life of an execution, and can be emitted without one: add `requires(execution)`"
        );
        ctxt.error(life.span, message);
    } else if !event.node {
        let message = format!(
            "`{ident}` is a step in the life of an execution, and can be emitted without one or a node of one: add \
             `requires(execution)` or `requires(node)`"
        );
        ctxt.error(life.span, message);
    }
}

/// Another event ends an event and is named once, and so is each field that matches the two.
pub(super) fn check_endings(ctxt: &Ctxt, definition: &Definition, event: &Event) {
    check_once(ctxt, event.ends_with.iter().map(|end| &end.event));
    if let Some(first) = event.ends_with.first() {
        check_once(ctxt, &first.by);
    }
    for end in &event.ends_with {
        if end.event == event.ident {
            let message = "an event does not end itself: name the one that comes when it is over";
            ctxt.error(end.event.span(), message);
        } else {
            check_ending(ctxt, definition, event, end);
        }
    }
}

fn check_once<'a>(ctxt: &Ctxt, names: impl IntoIterator<Item = &'a Ident>) {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            ctxt.error(name.span(), format!("`{name}` is given twice: leave one out"));
        }
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
    // Each event that ends it repeats the same fields: report them once.
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

/// A pair is matched by names on the wire, so both events write the field by one name.
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
