//! The struct of one event and its `Payload`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use super::{Names, allow_arguments, allow_deprecated, descriptor, docs_or, setter};
use crate::model::{Definition, Event, Field, Otherwise, Takes, at, located};

/// The struct and its methods.
pub(super) fn expand(names: &Names, definition: &Definition, event: &Event) -> TokenStream {
    let item = structure(definition, event);
    let methods = methods(names, definition, event);
    quote!(#item #methods)
}

fn structure(definition: &Definition, event: &Event) -> TokenStream {
    // The name is the user's own token: no lint checks it twice, and errors at the struct point at
    // the variant.
    let Event { ident, cfgs, deprecated, allows, .. } = event;
    let (vis, derives, non_exhaustive) = (&definition.vis, &definition.derives, &definition.non_exhaustive);
    let docs = docs_or(&event.docs, &format!("The event `{}`.", event.kind.value()));
    let body = if event.is_unit {
        quote!(;)
    } else {
        let fields = event.fields.iter().map(|field| structure_field(definition, field));
        quote!({ #(#fields,)* })
    };
    let derives = (!derives.is_empty()).then(|| quote!(#[derive(#(#derives),*)]));
    quote! {
        #(#cfgs)* #docs #deprecated #(#allows)*
        #[derive(::core::clone::Clone)]
        #derives #non_exhaustive
        #vis struct #ident #body
    }
}

fn structure_field(definition: &Definition, field: &Field) -> TokenStream {
    let (vis, ty, span) = (respanned(definition, field.span()), &field.ty, at(field.span()));
    let ident = located(&field.ident);
    let docs = docs_or(&field.docs, &format!("The field `{}`.", field.name));
    let (allows, deprecated) = (&field.allows, &field.deprecated);
    quote_spanned!(span=> #docs #(#allows)* #deprecated #vis #ident: #ty)
}

/// The enum's visibility with the span of the field, so that an error about a field points at the
/// field.
fn respanned(definition: &Definition, span: Span) -> TokenStream {
    let vis = &definition.vis;
    let tokens = quote!(#vis).into_iter().map(|mut token| {
        token.set_span(token.span().located_at(span));
        token
    });
    tokens.collect()
}

fn methods(names: &Names, definition: &Definition, event: &Event) -> TokenStream {
    let Event { ident, cfgs, fields, allows, .. } = event;
    let (vis, span) = (definition.vis_at(ident.span()), at(ident.span()));
    let required: Vec<&Field> = fields.iter().filter(|field| field.is_required()).collect();
    let parameters = required.iter().map(|field| setter::parameter(names, field));
    let values = fields.iter().map(|field| {
        let name = &field.ident;
        let value = if field.is_required() { setter::converted(names, field) } else { default(field) };
        quote!(#name: #value)
    });
    let setters = setter::all(names, definition, event, &setter::Target::Payload);
    let defaults = fields.iter().filter_map(|field| default_function(names, field));
    let doc = new_doc(&required, fields.len());
    let allow = allow_deprecated(event.mentions_deprecated());
    let allow_arguments = allow_arguments(required.len());
    quote_spanned! {span=>
        #(#cfgs)* #allow #(#allows)*
        impl #ident {
            #[doc = #doc]
            #allow_arguments
            #[inline]
            #vis fn new(#(#parameters),*) -> Self {
                Self { #(#values,)* }
            }
            #setters
            #(#defaults)*
        }
    }
}

fn new_doc(required: &[&Field], all: usize) -> String {
    match (required.len(), all) {
        (0, 0) => " The event; it has no fields.".to_owned(),
        (n, all) if n == all => " The event.".to_owned(),
        _ => " The event with what it cannot be without; the rest has setters.".to_owned(),
    }
}

/// The value of an optional field that the caller does not set.
fn default(field: &Field) -> TokenStream {
    let (ty, span) = (&field.ty, at(field.type_span()));
    match &field.otherwise {
        Otherwise::None => quote!(::core::option::Option::None),
        Otherwise::Missing | Otherwise::OfType => {
            quote_spanned!(span=> <#ty as ::core::default::Default>::default())
        }
        Otherwise::Is(_) | Otherwise::Call(_) => {
            let function = default_name(field);
            quote!(Self::#function())
        }
    }
}

fn default_name(field: &Field) -> Ident {
    format_ident!("__default_{}", field.ident.unraw(), span = at(field.span()))
}

/// The user's tokens appear in the generated code once, so that the compiler reports a mistake in
/// them once.
fn default_function(names: &Names, field: &Field) -> Option<TokenStream> {
    let (function, ty) = (default_name(field), &field.ty);
    let allows = &field.allows;
    let value = match (&field.otherwise, field.takes, &field.inner) {
        (Otherwise::Is(expr @ syn::Expr::Lit(_)), Takes::Into | Takes::Id, None) => {
            let into_field = setter::into_field(names, field, ty);
            quote!(<_ as #into_field>::into_field(#expr))
        }
        (Otherwise::Is(expr), ..) => quote!(#expr),
        (Otherwise::Call(path), ..) => quote_spanned!(at(path.span())=> #path()),
        _ => return None,
    };
    // A binding, because a lint that checks return values would call `Some(..)` needless here.
    Some(quote! {
        #(#allows)*
        #[inline]
        fn #function() -> #ty {
            let value: #ty = #value;
            value
        }
    })
}

/// `Payload`, `Debug` and serde both ways, each of which delegates to bus-core. `Debug` is
/// `inline`, so that only the payloads that are formatted by type compile it.
pub(super) fn traits(names: &Names, event: &Event, index: usize) -> TokenStream {
    let Event { ident, cfgs, .. } = event;
    let span = at(ident.span());
    let private = names.private(span);
    let allow = allow_deprecated(event.mentions_deprecated());
    let payload = payload(names, event, index);
    let sticky =
        event.sticky.then(|| quote_spanned!(span=> #(#cfgs)* #allow impl #private::Sticky for #ident {}));
    let request = event.reply.as_ref().map(|reply| {
        // A type that cannot be an answer is reported at the type.
        let span = at(reply.span());
        quote_spanned!(span=> #(#cfgs)* #allow impl #private::Request for #ident { type Reply = #reply; })
    });
    quote_spanned! {span=>
        #(#cfgs)* #allow
        impl ::core::fmt::Debug for #ident {
            #[inline]
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                #private::debug(self, f)
            }
        }
        #(#cfgs)* #allow
        impl #private::serde::Serialize for #ident {
            fn serialize<S: #private::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                #private::serialize(self, serializer)
            }
        }
        #(#cfgs)* #allow
        impl<'de> #private::serde::Deserialize<'de> for #ident {
            fn deserialize<D: #private::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<Self, D::Error> {
                #private::deserialize(deserializer)
            }
        }
        #(#cfgs)* #allow
        #payload
        #sticky
        #request
    }
}

fn payload(names: &Names, event: &Event, index: usize) -> TokenStream {
    let Event { ident, fields, .. } = event;
    let span = at(ident.span());
    let private = names.private(span);
    let node = if event.node { quote!(Node) } else { quote!(NoNode) };
    let execution = if event.execution { quote!(Execution) } else { quote!(NoExecution) };
    let descriptor = descriptor::name(index);
    let idents: Vec<_> = fields.iter().map(|field| &field.ident).collect();
    let decode = decode(event);
    let heap_bytes = heap_bytes(names, event);
    quote_spanned! {span=>
        impl #private::Payload for #ident {
            type Node = #private::#node;
            type Execution = #private::#execution;
            const DESCRIPTOR: &'static #private::Descriptor = &#descriptor;
            fn fields(&self, visit: &mut dyn ::core::ops::FnMut(&[&dyn ::core::any::Any])) {
                visit(&[#(&self.#idents),*])
            }
            fn decode(
                input: &mut #private::Decoder<'_>,
            ) -> ::core::result::Result<Self, #private::DecodeError> {
                #decode
            }
            #heap_bytes
        }
    }
}

/// The estimate of the memory that the fields hold. An event of numbers only has the default: 0.
fn heap_bytes(names: &Names, event: &Event) -> Option<TokenStream> {
    let span = at(event.ident.span());
    let private = names.private(span);
    let holders = event.fields.iter().filter(|field| !field.is_plain()).map(|field| &field.ident);
    let estimates =
        holders.map(|holder| quote_spanned!(span=> #private::HeapOf(&self.#holder).__heap_bytes()));
    let estimate = estimates.reduce(|sum, next| quote_spanned!(span=> #private::heap_add(#sum, #next)))?;
    Some(quote_spanned! {span=>
        #[inline]
        fn heap_bytes(&self) -> usize {
            #estimate
        }
    })
}

/// One slot for each field; the slots of required fields are full when the object was read.
fn decode(event: &Event) -> TokenStream {
    let fields = &event.fields;
    let slots: Vec<Ident> =
        (0..fields.len()).map(|i| format_ident!("slot_{i}", span = Span::mixed_site())).collect();
    let needs = |field: &Field| field.is_required() && !field.serde.skip_deserializing;
    let (required, values): (Vec<_>, Vec<_>) = fields
        .iter()
        .zip(&slots)
        .map(|(field, slot)| {
            let name = &field.ident;
            if needs(field) {
                return (Some(slot), quote!(#name: #slot));
            }
            let default = default(field);
            (
                None,
                quote!(#name: match #slot {
                    ::core::option::Option::Some(value) => value,
                    ::core::option::Option::None => #default,
                }),
            )
        })
        .unzip();
    let required: Vec<_> = required.into_iter().flatten().collect();
    let filled = (!required.is_empty()).then(|| {
        quote! {
            let (#(::core::option::Option::Some(#required),)*) = (#(#required,)*) else {
                return ::core::result::Result::Err(input.incomplete());
            };
        }
    });
    quote! {
        #(let mut #slots = ::core::option::Option::None;)*
        if let ::core::result::Result::Err(error) = input.fields(&mut [#(&mut #slots),*]) {
            return ::core::result::Result::Err(error);
        }
        #filled
        ::core::result::Result::Ok(Self { #(#values,)* })
    }
}
