//! The definition: the enum as a whole.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{Attribute, DataEnum, DeriveInput, Generics, Ident, Path, Variant, Visibility};

use super::at;
use super::event::{Common, Event, allows, with_name};
use super::name::portable;
use crate::attr::definition::DefinitionAttrs;
use crate::attr::serde::rename_rule;
use crate::ctxt::Ctxt;

/// A definition, ready to expand.
pub(crate) struct Definition {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) version: u32,
    pub(crate) prefix: Option<syn::LitStr>,
    pub(crate) derives: Vec<Path>,
    /// Where bus-core lives, if not at `::bus_core`.
    pub(crate) krate: Option<Path>,
    pub(crate) non_exhaustive: Option<Attribute>,
    /// Reported; they stay, because the enum cannot be named without them.
    pub(crate) is_generic: bool,
    pub(crate) is_deprecated: bool,
    /// Duplicate variants are left to the compiler, which reports them.
    pub(crate) has_twins: bool,
    pub(crate) events: Vec<Event>,
}

impl Definition {
    /// Whether code that names all events mentions a deprecated item.
    pub(crate) fn mentions_deprecated(&self) -> bool {
        self.is_deprecated || self.events.iter().any(Event::mentions_deprecated)
    }

    /// The visibility of the enum for generated methods. Its tokens are marked as generated, since
    /// a lint takes a method that begins with a token of the user's macro for the user's own. Those
    /// inside of `pub(in path)` keep their meaning.
    pub(crate) fn vis_at(&self, span: Span) -> TokenStream {
        let tokens = self.vis.to_token_stream().into_iter().map(|mut token| {
            token.set_span(at(span));
            token
        });
        tokens.collect()
    }

    pub(crate) fn read(ctxt: &Ctxt, item: &DeriveInput, data: &DataEnum) -> Self {
        let attrs = DefinitionAttrs::read(ctxt, &item.attrs);
        let generics = check_generics(ctxt, &item.generics);
        if data.variants.is_empty() {
            ctxt.error(
                item.ident.span(),
                "a definition has at least one event: `enum Events { WorkStarted { .. } }`",
            );
        }
        let common = Common {
            version: attrs.version.unwrap_or(1),
            prefix: attrs.prefix.as_ref().map(syn::LitStr::value).unwrap_or_default(),
            rule: rename_rule(ctxt, &item.attrs, true),
            generics,
            allows: allows(&item.attrs),
            deprecated: with_name(&item.attrs, "deprecated").into_iter().next(),
        };
        Self {
            ident: portable(&item.ident),
            vis: item.vis.clone(),
            version: common.version,
            prefix: attrs.prefix,
            derives: attrs.derives,
            krate: attrs.krate,
            non_exhaustive: item.attrs.iter().find(|attr| attr.path().is_ident("non_exhaustive")).cloned(),
            is_deprecated: common.deprecated.is_some(),
            is_generic: !item.generics.params.is_empty(),
            has_twins: distinct(data).count() < data.variants.len(),
            events: distinct(data).map(|variant| Event::read(ctxt, variant, &common)).collect(),
        }
    }
}

/// The variants. Of two with the same name only the first, because the compiler reports the other.
fn distinct(data: &DataEnum) -> impl Iterator<Item = &Variant> {
    let mut seen = std::collections::HashSet::new();
    data.variants.iter().filter(move |variant| seen.insert(&variant.ident))
}

/// A kind has one shape and owns its data: no type parameters, no borrowed data.
fn check_generics(ctxt: &Ctxt, generics: &Generics) -> Vec<String> {
    let list: Vec<_> = generics.params.iter().collect();
    if !list.is_empty() {
        let what = if generics.type_params().next().is_some() || generics.const_params().next().is_some() {
            "a kind has one shape: leave the parameters out, and use `Value` for what differs"
        } else {
            "an event owns its fields: leave the lifetime out, and use `String` for `&str`"
        };
        ctxt.push(syn::Error::new_spanned(quote!(#generics), what));
    } else if let Some(clause) = &generics.where_clause {
        ctxt.error(
            clause.span(),
            "a definition has no parameters, so there is nothing to bound: leave this out",
        );
    }
    list.iter().map(|param| first_ident(param.to_token_stream())).collect()
}

/// The name of a parameter: `T` of `T: Bound`, `a` of `'a`, `N` of `const N: usize`.
fn first_ident(tokens: proc_macro2::TokenStream) -> String {
    let idents = tokens.into_iter().filter_map(|token| match token {
        proc_macro2::TokenTree::Ident(ident) if ident != "const" => Some(ident.to_string()),
        _ => None,
    });
    idents.into_iter().next().unwrap_or_default()
}
