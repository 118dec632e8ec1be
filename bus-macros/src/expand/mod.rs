//! Turns the model into code.
//!
//! Generated code does little: work that is the same for all events is done once, in bus-core. It
//! uses absolute paths, so that no name of the user's can hide them.

mod descriptor;
mod emit;
mod fallback;
mod payload;
mod registry;
mod setter;
mod view;
mod written;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Data, DeriveInput, Path};

use crate::check::check;
use crate::ctxt::Ctxt;
use crate::model::{Definition, parse};

/// The whole derive: all mistakes first, then code for everything that could be parsed.
pub(crate) fn derive(input: TokenStream) -> TokenStream {
    let ctxt = Ctxt::new();
    let (item, error) = parse(input);
    if let Some(error) = error {
        ctxt.push(error);
    }
    let code = item.map(|item| expand(&ctxt, &item));
    let errors = ctxt.finish();
    quote!(#errors #code)
}

fn expand(ctxt: &Ctxt, item: &DeriveInput) -> TokenStream {
    let Data::Enum(data) = &item.data else {
        fallback::report(ctxt, item);
        return fallback::stub(item);
    };
    let mut definition = Definition::read(ctxt, item, data);
    check(ctxt, &mut definition);
    let names = Names(definition.krate.clone());
    let (mut open, mut hidden) = (TokenStream::new(), TokenStream::new());
    for (index, event) in definition.events.iter().enumerate() {
        open.extend(payload::expand(&names, &definition, event));
        open.extend(emit::builder(&names, &definition, event));
        hidden.extend(descriptor::expand(&names, &definition, event, index));
        hidden.extend(payload::traits(&names, event, index));
    }
    open.extend(emit::extension(&names, &definition));
    open.extend(view::expand(&definition));
    if !definition.is_generic {
        hidden.extend(registry::expand(&names, &definition));
    }
    // The traits that are tried where a type has no method of its own. One import for all events
    // costs the compiler less than one beside each use.
    let private = names.private(Span::mixed_site());
    let tried = quote!(use #private::{OfCollection as _, OfUnknown as _, OwnCodec as _};);
    // Impls need no name, and the statics behind them are private.
    let allow = allow_deprecated(definition.is_deprecated);
    quote!(#open #allow const _: () = { #tried #hidden };)
}

/// The paths of the items of bus-core.
struct Names(Option<Path>);

impl Names {
    /// The path of bus-core at `span`: the compiler underlines a bound from the first token of its
    /// path to the last.
    fn krate(&self, span: Span) -> TokenStream {
        let Some(path) = &self.0 else { return quote_spanned!(span=> ::bus_core) };
        let tokens = path.to_token_stream().into_iter().map(|mut token| {
            token.set_span(token.span().located_at(span));
            token
        });
        tokens.collect()
    }

    /// The path of the items that only generated code uses.
    fn private(&self, span: Span) -> TokenStream {
        let krate = self.krate(span);
        quote_spanned!(span=> #krate::__private)
    }
}

/// A doc comment of several lines.
fn doc(lines: impl IntoIterator<Item = String>) -> TokenStream {
    lines.into_iter().map(|line| quote!(#[doc = #line])).collect()
}

/// The user's doc comment, or a replacement: generated items must not add a lint for missing docs
/// to the one at the variant.
fn docs_or(docs: &[syn::Attribute], otherwise: &str) -> TokenStream {
    if docs.is_empty() {
        doc([format!(" {otherwise}")])
    } else {
        docs.iter().map(ToTokens::to_token_stream).collect()
    }
}

/// Silences a lint about many arguments: an event has as many fields as it needs.
fn allow_arguments(count: usize) -> Option<TokenStream> {
    (count > 7).then(|| quote!(#[allow(clippy::too_many_arguments)]))
}

/// `#[allow(deprecated)]`, only if the code mentions a deprecated item: an `allow` is an error
/// under a `forbid`.
fn allow_deprecated(is: bool) -> Option<TokenStream> {
    is.then(|| quote!(#[allow(deprecated)]))
}
