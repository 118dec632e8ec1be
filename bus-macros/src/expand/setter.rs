//! Arguments and setters, which set the value of a field.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Type;
use syn::ext::IdentExt;

use super::{Names, docs_or};
use crate::model::{Definition, Event, Field, RESERVED, Takes, at, located};

/// The type that has the setter.
pub(super) enum Target {
    /// The payload, which owns the field.
    Payload,
    /// The builder of an emit helper, which contains the payload.
    Builder,
}

/// `target: impl IntoField<String>`
pub(super) fn parameter(names: &Names, field: &Field) -> TokenStream {
    let (ident, span) = (&field.ident, at(field.span()));
    let (ty, allows) = (parameter_type(names, field, &field.ty), &field.allows);
    quote_spanned!(span=> #(#allows)* #ident: #ty)
}

/// The trait of the values that become a field. An id may be an alias of a number, which only the
/// compiler knows: then a literal must have its type.
pub(super) fn into_field(names: &Names, field: &Field, ty: &Type) -> TokenStream {
    let span = at(field.span());
    let private = names.private(span);
    if field.takes != Takes::Id {
        return quote_spanned!(span=> #private::IntoField<#ty>);
    }
    quote_spanned! {span=>
        #private::IntoField<#ty, {
            use #private::NotNumber as _;
            <#private::NumberProbe<#ty>>::IS_NUMBER
        }>
    }
}

fn parameter_type(names: &Names, field: &Field, ty: &Type) -> TokenStream {
    let span = at(field.span());
    let private = names.private(span);
    match field.takes {
        Takes::Exactly => quote!(#ty),
        Takes::Into | Takes::Id => {
            let into_field = into_field(names, field, ty);
            quote_spanned!(span=> impl #into_field)
        }
        Takes::Object => quote_spanned!(span=> impl #private::IntoObject<#ty>),
        Takes::Anything => quote_spanned!(span=> impl ::core::marker::Sized),
    }
}

/// The argument, converted to the type of the field.
pub(super) fn converted(names: &Names, field: &Field) -> TokenStream {
    let (ident, private) = (&field.ident, names.private(at(field.span())));
    match field.takes {
        Takes::Exactly => quote!(#ident),
        Takes::Into | Takes::Id => quote!(#private::IntoField::into_field(#ident)),
        Takes::Object => quote!(#private::IntoObject::into_object(#ident)),
        Takes::Anything => quote!({ let _ = #ident; }),
    }
}

/// The setters of all optional fields. A setter whose name is taken was reported and is left out.
pub(super) fn all(names: &Names, definition: &Definition, event: &Event, target: &Target) -> TokenStream {
    let mut seen: HashSet<String> = RESERVED.iter().map(ToString::to_string).collect();
    let optional = event.fields.iter().filter(|field| !field.is_required());
    let free = optional.filter(|field| field.setters().into_iter().all(|setter| seen.insert(setter)));
    free.map(|field| expand(names, definition, field, target)).collect()
}

/// The setter of an optional field; for an `Option` also the one that takes the `Option`.
fn expand(names: &Names, definition: &Definition, field: &Field, target: &Target) -> TokenStream {
    let Field { ident, allows, deprecated, .. } = field;
    let (name, span) = (located(ident), at(field.span()));
    let vis = definition.vis_at(field.span());
    let value = converted(names, field);
    let given =
        if field.inner.is_some() { quote!(::core::option::Option::Some(#value)) } else { value.clone() };
    let parameter = parameter_type(names, field, field.inner.as_ref().unwrap_or(&field.ty));
    let docs = docs_or(&field.docs, &format!("Sets `{}`.", ident.unraw()));
    let place = match target {
        Target::Payload => quote!(self.#ident),
        Target::Builder => quote!(self.inner.payload_mut().#ident),
    };
    let must_use = match target {
        Target::Payload => Some(quote!(#[must_use])),
        // The type has the explanation.
        Target::Builder => None,
    };
    let maybe = field.inner.is_some().then(|| {
        let name = format_ident!("maybe_{}", field.ident.unraw(), span = span);
        let (ty, whole) = if field.is_broken() {
            (parameter_type(names, field, &field.ty), quote!(::core::option::Option::Some(#value)))
        } else {
            (field.ty.to_token_stream(), quote!(#ident))
        };
        let doc = format!(" [`{}`](Self::{}), where there may be none.", ident.unraw(), ident.unraw());
        quote_spanned! {span=>
            #[doc = #doc]
            #(#allows)* #deprecated #must_use
            #[inline]
            #vis fn #name(mut self, #ident: #ty) -> Self {
                #place = #whole;
                self
            }
        }
    });
    quote_spanned! {span=>
        #docs
        #(#allows)* #deprecated #must_use
        #[inline]
        #vis fn #name(mut self, #ident: #parameter) -> Self {
            #place = #given;
            self
        }
        #maybe
    }
}
