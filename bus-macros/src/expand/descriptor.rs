//! The static descriptor of an event.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Ident;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use super::written::written;
use super::{Names, allow_deprecated};
use crate::attr::docs::Docs;
use crate::model::{Definition, Ending, Event, Field, Otherwise, at};

/// The name of the static, which is unique to the position in the definition.
pub(super) fn name(index: usize) -> Ident {
    format_ident!("DESCRIPTOR_{index}", span = Span::mixed_site())
}

/// The static.
pub(super) fn expand(names: &Names, definition: &Definition, event: &Event, index: usize) -> TokenStream {
    let (ident, span) = (&event.ident, at(event.ident.span()));
    let private = names.private(span);
    let (name, kind) = (ident.unraw().to_string(), event.kind.value());
    let docs = docs(names, &event.doc_text, event.ident.span());
    let fields = event.fields.iter().map(|field| field_descriptor(names, field));
    let owner = definition.ident.unraw().to_string();
    let facts = facts(names, definition, event);
    let place = place(event.ident.span());
    let (cfgs, allow, descriptor) =
        (&event.cfgs, allow_deprecated(event.mentions_deprecated()), self::name(index));
    quote_spanned! {span=>
        #(#cfgs)* #allow
        static #descriptor: #private::Descriptor = {
            static FIELDS: &[#private::FieldDescriptor] = &[#(#fields),*];
            #private::Descriptor::new::<#ident>(#name, #kind, #docs, FIELDS)
                .declared(#owner, ::core::module_path!(), #place, #index)
                #facts
        };
    }
}

/// File and line of a token. These macros have the span of the user's token, because in generated
/// code `line!` would be the line of the derive.
pub(super) fn place(span: Span) -> TokenStream {
    quote_spanned!(span=> ::core::file!(), ::core::line!())
}

/// The optional properties of an event; none for an event that has none.
fn facts(names: &Names, definition: &Definition, event: &Event) -> TokenStream {
    let mut facts = TokenStream::new();
    let (node, execution, version) = (event.node, event.execution, event.version);
    if version != 1 {
        facts.extend(quote!(.version(#version)));
    }
    if !event.aliases.is_empty() {
        let aliases = event.aliases.iter().map(|alias| &alias.name);
        facts.extend(quote!(.aliases(&[#(#aliases),*])));
    }
    if node || execution {
        facts.extend(quote!(.requires(#node, #execution)));
    }
    if event.transient {
        facts.extend(quote!(.transient()));
    }
    if event.critical {
        facts.extend(quote!(.critical()));
    }
    if event.sticky {
        facts.extend(quote!(.sticky()));
    }
    if let Some(fields) = &event.coalesce {
        let fields = fields.iter().filter_map(|ident| event.field(ident)).map(|field| &field.name);
        facts.extend(quote!(.coalesce(&[#(#fields),*])));
    }
    let ends: Vec<_> =
        event.ends_with.iter().filter_map(|end| ending(names, definition, event, end)).collect();
    if !ends.is_empty() {
        facts.extend(quote!(.ends_with(&[#(#ends),*])));
    }
    if let Some(life) = &event.life {
        let private = names.private(at(life.span));
        let step = format_ident!("{}", life.step.name(), span = at(life.span));
        facts.extend(quote!(.life(#private::Life::#step)));
    }
    if let Some(reply) = &event.reply {
        let reply = written(&reply.to_token_stream());
        facts.extend(quote!(.reply(#reply)));
    }
    if let Some(note) = &event.deprecation {
        facts.extend(quote!(.deprecated(#note)));
    }
    if let Some(hook) = &event.upcast {
        facts.extend(quote!(.upcast(#hook)));
    }
    facts
}

fn ending(names: &Names, definition: &Definition, event: &Event, end: &Ending) -> Option<TokenStream> {
    let private = names.private(at(end.event.span()));
    let other = definition.events.iter().find(|other| other.ident == end.event)?;
    let kind = other.kind.value();
    let by = end.by.iter().filter_map(|ident| event.field(ident)).map(|field| &field.name);
    Some(quote!(#private::EndsWith { kind: #kind, by: &[#(#by),*] }))
}

fn field_descriptor(names: &Names, field: &Field) -> TokenStream {
    let private = names.private(at(field.span()));
    let (name, ident) = (&field.name, field.ident.unraw().to_string());
    let docs = docs(names, &field.doc_text, field.span());
    let ty = written(&field.ty.to_token_stream());
    let codec = codec(names, field);
    let serde = &field.serde;
    let mut facts = TokenStream::new();
    // A custom function may write another type than the field has.
    if serde.serialize_with.is_none() && serde.deserialize_with.is_none() {
        let (krate, ty) = (names.krate(at(field.type_span())), &field.ty);
        facts.extend(quote!(.schema(#krate::__schema!(#ty))));
    }
    if field.inner.is_some() {
        facts.extend(quote!(.optional()));
    }
    if let Some(default) = default_text(field) {
        facts.extend(quote!(.default(#default)));
    }
    if field.redact {
        facts.extend(quote!(.redacted()));
    }
    if serde.flatten.is_some() {
        facts.extend(quote!(.flattened()));
    }
    if !field.aliases.is_empty() {
        let aliases = &field.aliases;
        facts.extend(quote!(.aliases(&[#(#aliases),*])));
    }
    if serde.skip_serializing || serde.skip_deserializing {
        let (writing, reading) = (serde.skip_serializing, serde.skip_deserializing);
        facts.extend(quote!(.skip(#writing, #reading)));
    }
    if let Some(path) = &serde.skip_serializing_if {
        let ty = &field.ty;
        let call = quote_spanned!(at(path.span())=> #path(value));
        facts.extend(quote!(.skip_if(|value| match value.downcast_ref::<#ty>() {
            ::core::option::Option::Some(value) => #call,
            ::core::option::Option::None => false,
        })));
    }
    quote!(#private::FieldDescriptor::new(#name, #ident, #ty, #docs, #codec) #facts)
}

/// The doc comment as an expression: if a macro writes a part of it, only the compiler knows it.
fn docs(names: &Names, docs: &Docs, span: Span) -> TokenStream {
    let parts = match docs {
        Docs::Text(text) => return quote!(#text),
        Docs::Parts(parts) => parts,
    };
    let doc_text = {
        let private = names.private(at(span));
        quote!(#private::DocText)
    };
    quote! {{
        const TEXT: &::core::primitive::str = ::core::concat!(#(#parts, "\n"),*);
        const TRIMMED: &#doc_text<{ #doc_text::length(TEXT) }> = &#doc_text::new(TEXT);
        TRIMMED.as_str()
    }}
}

/// The codec of a type. Only this code requires the type to be serializable, so that the compiler
/// reports a type that is not once, at the type.
fn codec(names: &Names, field: &Field) -> TokenStream {
    let (ty, serde, span) = (&field.ty, &field.serde, at(field.type_span()));
    let private = names.private(span);
    if serde.skip_serializing && serde.skip_deserializing {
        return quote_spanned!(span=> #private::CodecOf::<#ty, ()>::skipped());
    }
    if serde.serialize_with.is_none() && serde.deserialize_with.is_none() {
        if field.has_known_type() {
            return quote_spanned!(span=> <#private::KnownCodec<#ty>>::CODEC);
        }
        return quote_spanned!(span=> <#ty as #private::FieldValue>::CODEC);
    }
    let plain = quote_spanned!(span=> <#private::Plain as #private::Adapter<#ty>>);
    // The call has the span of the path, so that the compiler reports a function that does not fit
    // there.
    let write = serde.serialize_with.as_ref().map_or_else(
        || quote!(#plain::serialize(value, serializer)),
        |path| quote_spanned!(at(path.span())=> #path(value, serializer)),
    );
    let read = serde.deserialize_with.as_ref().map_or_else(
        || quote!(#plain::deserialize(deserializer)),
        |path| quote_spanned!(at(path.span())=> #path(deserializer)),
    );
    let codec = quote_spanned!(span=> #private::CodecOf::<#ty, With>::codec());
    quote! {{
        struct With;
        impl #private::Adapter<#ty> for With {
            fn serialize<S: #private::serde::Serializer>(
                value: &#ty,
                serializer: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                #write
            }
            fn deserialize<'de, D: #private::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::core::result::Result<#ty, D::Error> {
                #read
            }
        }
        #codec
    }}
}

fn default_text(field: &Field) -> Option<String> {
    match &field.otherwise {
        Otherwise::Missing | Otherwise::None => None,
        Otherwise::OfType => Some("Default::default()".to_owned()),
        Otherwise::Is(expr) => Some(written(&expr.to_token_stream())),
        Otherwise::Call(path) => Some(format!("{}()", written(&path.to_token_stream()))),
    }
}
