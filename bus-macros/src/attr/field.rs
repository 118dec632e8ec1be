//! `#[event(..)]` on a field.

use proc_macro2::Span;
use syn::{Attribute, Expr};

use super::{Keyword, Place, Value, collect, unknown};
use crate::ctxt::Ctxt;

const DEFAULT: &str = "default";
const REDACT: &str = "redact";

pub(crate) const KEYWORDS: &[&str] = &[DEFAULT, REDACT];

/// The parsed attribute.
#[derive(Default)]
pub(crate) struct FieldAttrs {
    pub(crate) default: Option<FieldDefault>,
    pub(crate) redact: Option<Span>,
}

/// The value of a field that the caller does not set.
pub(crate) enum FieldDefault {
    /// `default`
    OfType,
    /// `default = expr`
    Is(Expr),
}

impl FieldAttrs {
    pub(crate) fn read(ctxt: &Ctxt, attrs: &[Attribute]) -> Self {
        let mut found = Self::default();
        for keyword in collect(ctxt, attrs, Place::Field) {
            match keyword.name.as_str() {
                DEFAULT => found.default = default(ctxt, &keyword),
                REDACT => found.redact = keyword.flag(ctxt).then_some(keyword.span),
                _ => unknown(ctxt, &keyword, Place::Field),
            }
        }
        found
    }
}

fn default(ctxt: &Ctxt, keyword: &Keyword) -> Option<FieldDefault> {
    match &keyword.value {
        Value::Nothing => Some(FieldDefault::OfType),
        Value::Is(expr) => Some(FieldDefault::Is(expr.clone())),
        _ => keyword.wrong(ctxt, "`default` or `default = expression`"),
    }
}
