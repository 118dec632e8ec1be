//! Rules for the names that generated code adds to the module.

use std::collections::HashMap;

use quote::format_ident;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use crate::ctxt::Ctxt;
use crate::model::{Definition, Event};

/// `LLMCall` and `LlmCall` are two variants but one helper.
pub(super) fn check_distinct_helpers(ctxt: &Ctxt, definition: &Definition) {
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

/// Every emitter has a method for undeclared kinds, and it takes precedence over methods of traits.
pub(super) fn check_own_helper(ctxt: &Ctxt, definition: &Definition) {
    for event in definition.events.iter().filter(|event| event.helper() == "emit_dynamic") {
        let kind = event.kind_without(definition.prefix.as_ref());
        let message = format!(
            "`emit_dynamic` emits kinds that no file declares: rename the event, and keep the name on the wire with \
             `#[event(kind = \"{kind}\")]`"
        );
        ctxt.error(event.variant.span(), message);
    }
}

/// The derive generates types beside the definition, so these names are taken: its own, `…Emit`,
/// `…Ref` and the builders.
pub(super) fn check_generated_names(ctxt: &Ctxt, definition: &mut Definition) {
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
            rename(event);
        }
    }
}

/// An event called `Option` is harmless until a field is an `Option`: in its module the name means
/// the struct, and the compiler would report each such field for type parameters that the struct
/// does not take.
pub(super) fn check_hidden_types(ctxt: &Ctxt, definition: &mut Definition) {
    const PRELUDE: &[&str] = &["Option", "Vec", "String", "Box", "Result"];
    for index in 0..definition.events.len() {
        let name = definition.events[index].ident.unraw().to_string();
        let mut fields = definition.events.iter().flat_map(|event| &event.fields);
        let hidden = || fields.find(|field| field.names_type(&name));
        let Some(field) = PRELUDE.contains(&name.as_str()).then(hidden).flatten() else { continue };
        let kind = definition.events[index].kind_without(definition.prefix.as_ref());
        let message = format!(
            "the struct of `{name}` would hide the type that the field `{}` has: rename the event, and keep the name on \
             the wire with `#[event(kind = \"{kind}\")]`",
            field.ident
        );
        ctxt.error(definition.events[index].variant.span(), message);
        rename(&mut definition.events[index]);
    }
}

/// Renames the struct of an event whose name was reported, so that the correct code around it
/// compiles.
fn rename(event: &mut Event) {
    event.ident = format_ident!("{}Event", event.variant, span = event.variant.span());
}

/// Every payload already has these derives; the compiler would report a second one at each event.
pub(super) fn check_derives(ctxt: &Ctxt, definition: &mut Definition) {
    const OWN: &[&str] = &["Clone", "Debug", "Serialize", "Deserialize"];
    definition.derives.retain(|path| {
        let own = path.segments.last().filter(|last| OWN.iter().any(|own| last.ident == own));
        if let Some(own) = own {
            ctxt.error(path.span(), format!("every payload has `{}` as it is: leave it out", own.ident));
        }
        own.is_none()
    });
}
