//! Rules of kinds and aliases.

use std::collections::HashMap;

use syn::LitStr;

use crate::attr::event::Alias;
use crate::ctxt::Ctxt;
use crate::model::{Definition, Event, snake};

/// A kind is a key in tables, and a name in file systems and query strings, so its length is
/// limited.
const LONGEST_KIND: usize = 100;

/// The reader's limit: nothing longer was ever recorded.
const LONGEST_ALIAS: usize = 256;

/// The prefix is part of each kind.
pub(super) fn check_prefix(ctxt: &Ctxt, definition: &Definition) {
    if let Some(prefix) = definition.prefix.as_ref().filter(|prefix| !allowed(&prefix.value())) {
        ctxt.error(prefix.span(), "a prefix has small letters, digits, `_` and `.` only: \"build.\"");
    }
}

/// Kinds have the letters `[a-z0-9_.]`, at least one and not too many.
pub(super) fn check_kinds(ctxt: &Ctxt, event: &Event, definition: &Definition) {
    let prefix_is_wrong = definition.prefix.as_ref().is_some_and(|prefix| !allowed(&prefix.value()));
    if !prefix_is_wrong {
        let kind = &event.kind;
        let text = kind.value();
        if text.is_empty() {
            ctxt.error(kind.span(), "a kind is not empty: leave `kind` out for the name in snake case");
        } else if text.len() > LONGEST_KIND {
            ctxt.error(
                kind.span(),
                format!("a kind has at most {LONGEST_KIND} letters, this one has {}: shorten it", text.len()),
            );
        } else if !allowed(&text) {
            ctxt.error(kind.span(), wrong_letters(&text, event.kind_is_given));
        }
    }
}

fn names(event: &Event) -> impl Iterator<Item = &LitStr> {
    event.aliases.iter().map(|alias| &alias.name)
}

/// An alias is a whole name: the prefix does not go before it. One that lacks the prefix says that
/// it means that, since a name by mistake makes what was recorded under the right one an undeclared
/// kind, of which nothing is redacted.
pub(super) fn check_aliases(ctxt: &Ctxt, event: &Event, definition: &Definition) {
    let prefix = definition.prefix.as_ref().map(LitStr::value).unwrap_or_default();
    if !allowed(&prefix) {
        return;
    }
    for Alias { name, without_prefix } in &event.aliases {
        let text = name.value();
        let has_it = prefix.is_empty() || text.starts_with(&prefix);
        if !recorded(&text) || has_it != *without_prefix {
            continue;
        }
        let message = if has_it {
            let why = if prefix.is_empty() {
                "there is no prefix".to_owned()
            } else {
                format!("it has the prefix `{prefix}`")
            };
            format!("{why}: write \"{text}\" without `without_prefix`")
        } else {
            format!(
                "an alias is the whole name, and this one lacks the prefix `{prefix}`: write \"{prefix}{text}\", or \
                 `without_prefix(\"{text}\")` for a name that was written without it"
            )
        };
        ctxt.error(name.span(), message);
    }
}

/// An alias is any name that the reader accepts, since other systems and older files have names of
/// their own.
pub(super) fn check_alias_letters(ctxt: &Ctxt, event: &Event) {
    for name in names(event).filter(|name| !recorded(&name.value())) {
        let message = format!(
            "an alias is the name of a kind that was written: 1 to {LONGEST_ALIAS} bytes, without control characters"
        );
        ctxt.error(name.span(), message);
    }
}

fn recorded(alias: &str) -> bool {
    (1..=LONGEST_ALIAS).contains(&alias.len()) && !alias.chars().any(char::is_control)
}

fn allowed(kind: &str) -> bool {
    kind.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.'))
}

/// The corrected text. If the name of the variant caused the mistake, the name may stay.
fn wrong_letters(kind: &str, is_given: bool) -> String {
    if !is_given {
        return format!(
            "the kind `{kind}` that this name gives has letters beside a-z, digits, `_` and `.`: give it another, \
             `#[event(kind = \"..\")]`"
        );
    }
    let split = kind.replace(|c: char| !c.is_ascii_alphanumeric() && c != '.', "_");
    format!("a kind has small letters, digits, `_` and `.` only: \"{}\"", snake(&split))
}

/// A kind or an alias names one event.
pub(super) fn check_distinct_kinds(ctxt: &Ctxt, definition: &Definition) {
    let mut seen: HashMap<String, (&Event, &str)> = HashMap::new();
    let kinds = definition.events.iter().map(|event| (&event.kind, event, "the kind"));
    let aliases =
        definition.events.iter().flat_map(|event| names(event).map(move |alias| (alias, event, "an alias")));
    for (kind, event, what) in kinds.chain(aliases).filter(|(kind, ..)| !kind.value().is_empty()) {
        let name = kind.value();
        if let Some((other, what)) = seen.insert(name.clone(), (event, what)) {
            let message = if other.ident == event.ident {
                format!("`{name}` names this event already: leave it out")
            } else {
                format!("`{name}` is {what} of `{}` already: give one of the two another", other.ident)
            };
            ctxt.error(kind.span(), message);
        }
    }
}
