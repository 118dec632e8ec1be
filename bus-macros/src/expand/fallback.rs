//! The replacement for an item that cannot be a definition.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Fields, Ident};

use crate::ctxt::Ctxt;

/// Reports the item, with the enum to write instead in the user's own names.
pub(super) fn report(ctxt: &Ctxt, item: &DeriveInput) {
    let (span, what, fields) = match &item.data {
        Data::Struct(data) => (data.struct_token.span, "a struct", Some(&data.fields)),
        Data::Union(data) => (data.union_token.span, "a union", None),
        Data::Enum(data) => (data.enum_token.span, "an enum", None),
    };
    let name = &item.ident;
    let shown = match fields {
        Some(Fields::Named(fields)) => {
            let fields: Vec<String> =
                fields.named.iter().filter_map(|field| field.ident.as_ref()).map(shown).collect();
            format!("{name} {{ {} }}", fields.join(", "))
        }
        Some(Fields::Unit) => name.to_string(),
        _ => format!("{name} {{ .. }}"),
    };
    ctxt.error(
        span,
        format!("events are the variants of an enum, not {what}: write `enum Events {{ {shown} }}`"),
    );
}

fn shown(field: &Ident) -> String {
    format!("{}: ..", field.unraw())
}

/// An empty definition of that name, so that code which uses it compiles.
pub(super) fn stub(item: &DeriveInput) -> TokenStream {
    let (name, text) = (&item.ident, item.ident.unraw().to_string());
    if !item.generics.params.is_empty() {
        return TokenStream::new();
    }
    quote! {
        impl ::bus_core::AgentEvent for #name {
            type View<'a> = ();
            const NAME: &'static str = #text;
            const VERSION: u32 = 1;
            const EVENTS: &'static [&'static ::bus_core::__private::Descriptor] = &[];
            const REGISTRATION: &'static ::bus_core::__private::Registration =
                &::bus_core::__private::Registration::new(#text, "", "", 0, &[]);
            fn view(_: &dyn ::bus_core::__private::ErasedPayload) -> ::core::option::Option<Self::View<'_>> {
                ::core::option::Option::None
            }
            fn witness<T>(self) -> Self {
                self
            }
        }
        impl ::bus_core::__private::EventSet for #name {
            fn descriptors() -> ::std::vec::Vec<&'static ::bus_core::__private::Descriptor> {
                ::std::vec::Vec::new()
            }
        }
    }
}
