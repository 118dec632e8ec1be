//! Rules of fields, their setters and their names on the wire.

use std::collections::HashMap;

use syn::LitStr;
use syn::ext::IdentExt;

use crate::ctxt::Ctxt;
use crate::model::{Event, Field};

/// The decoder has one bit for each field.
const MOST_FIELDS: usize = 128;

/// Each field has its own name on the wire, and its setters have their own names.
pub(super) fn check_fields(ctxt: &Ctxt, event: &Event) {
    if event.fields.len() > MOST_FIELDS {
        let message =
            format!("an event has at most {MOST_FIELDS} fields: put some into a struct of their own");
        ctxt.error(event.ident.span(), message);
    }
    let mut names: HashMap<&str, &Field> = HashMap::new();
    for field in &event.fields {
        for name in std::iter::once(&field.name).chain(&field.aliases) {
            if let Some(other) = names.insert(name, field) {
                let message = format!(
                    "`{name}` already names the field `{}` on the wire: rename one of the two",
                    other.ident
                );
                ctxt.error(field.serde.rename.as_ref().map_or(field.span(), LitStr::span), message);
            }
        }
        check_wire_name(ctxt, field);
        check_setters(ctxt, event, field);
        check_flatten(ctxt, event, field);
        check_left_out(ctxt, field);
    }
}

/// A name that needs escapes in JSON would be written in another form than it is compared in.
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

/// A reader takes a field that is left out for a missing one, so it must not need it.
fn check_left_out(ctxt: &Ctxt, field: &Field) {
    if let Some((span, keyword)) = &field.serde.left_out
        && field.is_required()
        && !field.serde.skip_deserializing
    {
        let message = format!(
            "`{keyword}` leaves out a field that reading needs: add `#[event(default)]`, which also makes it a setter"
        );
        ctxt.error(*span, message);
    }
}

/// A flattened field takes the keys that no other field has, so only one field can be flattened.
fn check_flatten(ctxt: &Ctxt, event: &Event, field: &Field) {
    let first = event.fields.iter().find(|other| other.serde.flatten.is_some());
    if let (Some(span), Some(first)) = (field.serde.flatten, first)
        && first.ident != field.ident
    {
        ctxt.error(
            span,
            format!("`{}` is flattened already, and only one field can be: leave this out", first.ident),
        );
    }
}
