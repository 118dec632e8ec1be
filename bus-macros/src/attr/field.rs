//! `#[event(..)]` on a field.

use proc_macro2::Span;
use syn::{Attribute, Expr};

use super::{Place, Value, Word, collect, unknown};
use crate::ctxt::Ctxt;

const DEFAULT: &str = "default";
const REDACT: &str = "redact";

pub(crate) const WORDS: &[&str] = &[DEFAULT, REDACT];

/// What the attribute says.
#[derive(Default)]
pub(crate) struct FieldAttrs {
    pub(crate) default: Option<FieldDefault>,
    pub(crate) redact: Option<Span>,
}

/// The value of a field that nobody gave.
pub(crate) enum FieldDefault {
    /// `default`
    OfType,
    /// `default = expr`
    Is(Expr),
}

impl FieldAttrs {
    pub(crate) fn read(ctxt: &Ctxt, attrs: &[Attribute]) -> Self {
        let mut found = Self::default();
        for word in collect(ctxt, attrs, Place::Field) {
            match word.name.as_str() {
                DEFAULT => found.default = default(ctxt, &word),
                REDACT => found.redact = word.flag(ctxt).then_some(word.span),
                _ => unknown(ctxt, &word, Place::Field),
            }
        }
        found
    }
}

fn default(ctxt: &Ctxt, word: &Word) -> Option<FieldDefault> {
    match &word.value {
        Value::Nothing => Some(FieldDefault::OfType),
        Value::Is(expr) => Some(FieldDefault::Is(expr.clone())),
        Value::List(..) => word.wrong(ctxt, "`default` or `default = expression`"),
    }
}
