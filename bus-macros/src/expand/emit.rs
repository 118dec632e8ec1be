//! Emit helpers: the extension trait of a definition, and a builder for each event that has
//! optional fields.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;

use super::{Names, allow_arguments, allow_deprecated, doc, setter};
use crate::model::{Definition, Event, Field, at};

/// The warning for an emit that is neither awaited nor sent.
const MUST_USE: &str = "nothing is published until it is awaited or sent: add `.await` or `.send()`";

/// The trait with one method for each event. It has no items of the user's, and everything with a
/// scope implements it.
pub(super) fn extension(names: &Names, definition: &Definition) -> TokenStream {
    let (span, vis) = (at(definition.ident.span()), &definition.vis);
    let krate = names.krate(span);
    let name = format_ident!("{}Emit", definition.ident.unraw(), span = span);
    let mut seen = HashSet::new();
    let helpers = definition.events.iter().filter(|event| seen.insert(event.helper()));
    let helpers = helpers.map(|event| helper(names, event));
    let doc = format!(" The emit helpers of [`{}`], one for each event.", definition.ident);
    let allow = allow_deprecated(definition.mentions_deprecated());
    quote_spanned! {span=>
        #[doc = #doc]
        #allow
        #vis trait #name: #krate::Scoped {
            #(#helpers)*
        }
        impl<T: #krate::Scoped + ?::core::marker::Sized> #name for T {}
    }
}

fn helper(names: &Names, event: &Event) -> TokenStream {
    let Event { ident, cfgs, deprecated, allows, .. } = event;
    let span = at(ident.span());
    let (private, krate) = (names.private(span), names.krate(span));
    let name = format_ident!("{}", event.helper(), span = span);
    let required: Vec<&Field> = event.fields.iter().filter(|field| field.is_required()).collect();
    let parameters = required.iter().map(|field| setter::parameter(names, field));
    let arguments = required.iter().map(|field| &field.ident);
    let node = event.node.then(|| quote_spanned!(span=> #krate::HasNode<#ident>));
    let execution = event.execution.then(|| quote_spanned!(span=> #krate::HasExecution<#ident>));
    let bounds: Vec<_> = node.into_iter().chain(execution).collect();
    let bounds = (!bounds.is_empty()).then(|| quote!(where Self: #(#bounds)+*));
    let emit = quote!(#private::emit(self, #ident::new(#(#arguments),*)));
    let (result, body) = if event.has_builder() {
        let builder = event.builder();
        (quote!(#builder), quote!(#builder { inner: #emit }))
    } else {
        (quote!(#krate::Emit<#ident>), emit)
    };
    let docs = helper_docs(event);
    let allow = allow_arguments(required.len() + 1);
    quote_spanned! {span=>
        #(#cfgs)* #docs #deprecated #allow #(#allows)*
        fn #name(&self, #(#parameters),*) -> #result #bounds {
            #body
        }
    }
}

/// The docs of a helper: the docs of the event, the scope that it needs, and its fields. An editor
/// shows them at the call.
fn helper_docs(event: &Event) -> TokenStream {
    let own = &event.docs;
    let scope = match (event.node, event.execution) {
        (true, true) => ", which needs a node and an execution",
        (true, false) => ", which needs a node",
        (false, true) => ", which needs an execution",
        (false, false) => "",
    };
    let mut lines = vec![format!(
        " Emits [`{}`], kind `{}`{scope}. `.await` publishes and waits for the handlers, `.send()` publishes only.",
        event.ident.unraw(),
        event.kind.value()
    )];
    if !own.is_empty() {
        lines.insert(0, String::new());
    }
    if !event.fields.is_empty() {
        lines.push(String::new());
    }
    for field in &event.fields {
        let first = field.doc_text.first_line();
        let how = if field.is_required() { "" } else { " (a setter)" };
        let colon = if first.is_empty() { "" } else { ": " };
        lines.push(format!(" * `{}`{how}{colon}{first}", field.ident.unraw()));
    }
    let rest = doc(lines);
    quote!(#(#own)* #rest)
}

/// For an event with optional fields: an `Emit` with setters.
pub(super) fn builder(names: &Names, definition: &Definition, event: &Event) -> Option<TokenStream> {
    if !event.has_builder() {
        return None;
    }
    let Event { ident, cfgs, allows, .. } = event;
    let (vis, span) = (definition.vis_at(ident.span()), at(ident.span()));
    let krate = names.krate(span);
    let name = event.builder();
    let setters = setter::all(names, definition, event, &setter::Target::Builder);
    let replies = event.reply.as_ref().map(|_| replies(names, definition, event));
    let doc = format!(" An emit of [`{}`] whose optional fields can still be set.", ident.unraw());
    let allow = allow_deprecated(event.mentions_deprecated());
    Some(quote_spanned! {span=>
        #(#cfgs)*
        #[doc = #doc]
        #[must_use = #MUST_USE]
        #allow #(#allows)*
        #vis struct #name {
            inner: #krate::Emit<#ident>,
        }
        #(#cfgs)* #allow #(#allows)*
        impl #name {
            #setters
            #[doc = " Publishes and waits for nobody."]
            #[inline]
            #vis fn send(self) -> #krate::Sent {
                self.inner.send()
            }
            #replies
        }
        #(#cfgs)* #allow
        impl ::core::future::Future for #name {
            type Output = #krate::Receipt;
            #[inline]
            fn poll(
                self: ::core::pin::Pin<&mut Self>,
                context: &mut ::core::task::Context<'_>,
            ) -> ::core::task::Poll<Self::Output> {
                ::core::future::Future::poll(
                    ::core::pin::Pin::new(&mut ::core::pin::Pin::get_mut(self).inner),
                    context,
                )
            }
        }
    })
}

/// The ways to wait for answers, for an event that has some.
fn replies(names: &Names, definition: &Definition, event: &Event) -> TokenStream {
    let (ident, span) = (&event.ident, at(event.ident.span()));
    let vis = definition.vis_at(ident.span());
    let (krate, private) = (names.krate(span), names.private(span));
    let reply = quote!(<#ident as #private::Request>::Reply);
    quote_spanned! {span=>
        #[doc = " Publishes and waits for the answers of all handlers."]
        #vis fn replies(self) -> #krate::AllReplies<#ident, #reply> {
            self.inner.replies()
        }
        #[doc = " Publishes and waits for the first answer."]
        #vis fn first_reply(self) -> #krate::FirstReply<#ident, #reply> {
            self.inner.first_reply()
        }
    }
}
