//! The borrowed view of a definition, to `match` on.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::Ident;
use syn::ext::IdentExt;

use super::{Names, allow_deprecated, docs_or};
use crate::model::{Definition, at};

/// `BuildEventsRef`
pub(super) fn name(definition: &Definition) -> Ident {
    format_ident!("{}Ref", definition.ident.unraw(), span = at(definition.ident.span()))
}

pub(super) fn expand(definition: &Definition) -> TokenStream {
    let (vis, non_exhaustive, name) = (&definition.vis, &definition.non_exhaustive, name(definition));
    if definition.events.is_empty() {
        return TokenStream::new();
    }
    let variants = definition.events.iter().map(|event| {
        let (ident, cfgs, allows) = (&event.ident, &event.cfgs, &event.allows);
        let docs = docs_or(&event.docs, &format!("The event `{}`.", event.kind.value()));
        quote_spanned!(at(ident.span())=> #(#cfgs)* #docs #(#allows)* #ident(&'a #ident))
    });
    let doc = format!(
        " One event of [`{}`], borrowed: what `event.view()` gives, to `match` on.",
        definition.ident
    );
    let allow = allow_deprecated(definition.mentions_deprecated());
    quote! {
        #[doc = #doc]
        #[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
        #allow #non_exhaustive
        #vis enum #name<'a> {
            #(#variants,)*
        }
    }
}

/// The body of `AgentEvent::view`: one jump by the position in the definition, and a downcast that
/// checks the definition.
pub(super) fn find(names: &Names, definition: &Definition) -> TokenStream {
    let (private, name) = (names.private(at(definition.ident.span())), name(definition));
    let arms = definition.events.iter().enumerate().map(|(index, event)| {
        let (ident, cfgs) = (&event.ident, &event.cfgs);
        quote! {
            #(#cfgs)*
            #index => match payload.as_any().downcast_ref::<#ident>() {
                ::core::option::Option::Some(event) => ::core::option::Option::Some(#name::#ident(event)),
                ::core::option::Option::None => ::core::option::Option::None,
            },
        }
    });
    quote! {
        match #private::ErasedPayload::descriptor(payload).index {
            #(#arms)*
            _ => ::core::option::Option::None,
        }
    }
}
