//! The definition as a whole: its trait, and its entry in the registry.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;

use super::descriptor::place;
use super::{Names, allow_deprecated, descriptor, view};
use crate::model::{Definition, Event, Field, at};

/// `AgentEvent` for the enum, and its one entry in the registry. Its functions are `inline`, so
/// that only programs that call them compile the downcasts of all events.
pub(super) fn expand(names: &Names, definition: &Definition) -> TokenStream {
    let (ident, span) = (&definition.ident, at(definition.ident.span()));
    let (private, krate) = (names.private(span), names.krate(span));
    let (name, version) = (ident.unraw().to_string(), definition.version);
    let events = definition.events.iter().enumerate().map(|(index, event)| {
        let (descriptor, cfgs) = (descriptor::name(index), &event.cfgs);
        quote!(#(#cfgs)* &#descriptor)
    });
    let (view_type, find) = if definition.events.is_empty() {
        (
            quote!(()),
            quote!({
                let _ = payload;
                ::core::option::Option::None
            }),
        )
    } else {
        let view = view::name(definition);
        (quote!(#view<'a>), view::find(names, definition))
    };
    let allow = allow_deprecated(definition.mentions_deprecated());
    let witness = witness(definition);
    let place = place(ident.span());
    quote_spanned! {span=>
        #allow
        impl #krate::AgentEvent for #ident {
            type View<'a> = #view_type;
            const NAME: &'static str = #name;
            const VERSION: u32 = #version;
            const EVENTS: &'static [&'static #private::Descriptor] = &[#(#events),*];
            const REGISTRATION: &'static #private::Registration = {
                static REGISTRATION: #private::Registration = #private::Registration::new(
                    #name,
                    ::core::module_path!(),
                    #place,
                    <#ident as #krate::AgentEvent>::EVENTS,
                )
                .in_package(
                    ::core::option_env!("CARGO_PKG_NAME"),
                    ::core::option_env!("CARGO_PKG_VERSION"),
                );
                &REGISTRATION
            };
            #[inline]
            fn view(
                payload: &dyn #private::ErasedPayload,
            ) -> ::core::option::Option<Self::View<'_>> {
                #find
            }
            #witness
        }
        impl #private::EventSet for #ident {
            #[inline]
            fn descriptors() -> ::std::vec::Vec<&'static #private::Descriptor> {
                <#ident as #krate::AgentEvent>::EVENTS.to_vec()
            }
        }
        #krate::__submit! { <#ident as #krate::AgentEvent>::REGISTRATION }
    }
}

/// Destructures the enum and builds it again. It is never called and, being generic, never
/// compiled. It exists because no other code builds the enum or reads its fields, and the compiler
/// would warn of a private one.
fn witness(definition: &Definition) -> TokenStream {
    let ident = &definition.ident;
    let (whole, broken): (Vec<&Event>, Vec<&Event>) = definition
        .events
        .iter()
        .partition(|event| !event.is_tuple && !event.fields.iter().any(Field::is_broken));
    let arms = whole.iter().map(|event| {
        let (name, cfgs) = (&event.variant, &event.cfgs);
        let fields: Vec<_> = event.fields.iter().map(|field| &field.ident).collect();
        let slots: Vec<_> =
            (0..fields.len()).map(|i| format_ident!("slot_{i}", span = Span::mixed_site())).collect();
        quote!(#(#cfgs)* Self::#name { #(#fields: #slots),* } => Self::#name { #(#fields: #slots),* },)
    });
    let rest =
        (!broken.is_empty() || whole.is_empty() || definition.has_twins).then(|| quote!(other => other,));
    quote_spanned! {at(ident.span())=>
        fn witness<T>(self) -> Self {
            match self { #(#arms)* #rest }
        }
    }
}
