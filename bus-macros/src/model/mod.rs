//! The content of a definition file in the form that expansion needs: names settled, attributes
//! read, tokens still the user's.
//!
//! Building a model never fails. A mistake is reported and replaced by the nearest valid part, so
//! that one mistake is one error and not a hundred calls of missing helpers.

mod definition;
mod event;
mod field;
mod lenient;
mod name;
mod types;

pub(crate) use self::definition::Definition;
pub(crate) use self::event::{Ending, Event};
pub(crate) use self::field::{Field, Otherwise, RESERVED, Takes};
pub(crate) use self::lenient::parse;
pub(crate) use self::name::snake;

use proc_macro2::{Ident, Span};

/// The same name for generated code: see [`at`].
pub(crate) fn located(ident: &Ident) -> Ident {
    let mut ident = ident.clone();
    ident.set_span(at(ident.span()));
    ident
}

/// The span of generated code: at `span`, resolved as if the user had written it there, and marked
/// as generated, so that lints ignore it.
pub(crate) fn at(span: Span) -> Span {
    Span::call_site().located_at(span)
}
