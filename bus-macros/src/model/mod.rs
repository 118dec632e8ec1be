//! What a definition file says, as expansion needs it: names settled, attributes read, tokens still the user's.
//!
//! Building a model never fails: what is wrong is reported and the nearest thing that can be expanded takes its place, so
//! that one mistake is one error and not a hundred calls of helpers that are not there.

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

/// Where generated code pretends to stand: at `span`, resolved as if the user had written it there, and known to the
/// compiler as generated, so that lints leave it alone.
pub(crate) fn at(span: Span) -> Span {
    Span::call_site().located_at(span)
}
