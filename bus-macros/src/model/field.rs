//! One field of an event.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, Ident, Path, Type};

use super::event::{allows, with_name};
use super::name::portable;
use super::types::{check_owned, is_known, is_plain, mentions, names, option_inner, takes};
use crate::attr::docs::Docs;
use crate::attr::field::{FieldAttrs, FieldDefault};
use crate::attr::serde::{RenameRule, SerdeField};
use crate::ctxt::Ctxt;

/// Methods that every event has, so that no setter can have their names.
pub(crate) const RESERVED: &[&str] = &["new", "send", "into_future"];

/// A field, ready to expand.
pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    /// The type inside of the `Option`, if the type is one.
    pub(crate) inner: Option<Type>,
    pub(crate) docs: Vec<Attribute>,
    pub(crate) doc_text: Docs,
    /// The attributes that go on generated items, as for an event.
    pub(crate) allows: Vec<Attribute>,
    pub(crate) deprecated: Option<Attribute>,
    /// The name on the wire.
    pub(crate) name: String,
    pub(crate) aliases: Vec<String>,
    pub(crate) otherwise: Otherwise,
    pub(crate) takes: Takes,
    pub(crate) redact: bool,
    pub(crate) serde: SerdeField,
}

/// The value of a field that the caller does not set.
pub(crate) enum Otherwise {
    /// None: the field is required.
    Missing,
    /// `None`
    None,
    /// The `Default` of its type.
    OfType,
    /// An expression.
    Is(Expr),
    /// The result of a function: serde's `default = "path"`.
    Call(Path),
}

/// The argument of an emit helper for a field.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// The type itself, so that a literal `1` has a known type.
    Exactly,
    /// Everything that is `Into` the type: strings, JSON values.
    Into,
    /// The same for an id, whose name may be an alias of a number's: then the type itself.
    Id,
    /// Everything that converts into a JSON object.
    Object,
    /// Anything: the field was reported, and its callers have made no mistake.
    Anything,
}

impl Field {
    pub(crate) fn read(
        ctxt: &Ctxt,
        field: &syn::Field,
        rule: Option<RenameRule>,
        generics: &[String],
    ) -> Option<Self> {
        let ident = portable(field.ident.as_ref()?);
        let attrs = FieldAttrs::read(ctxt, &field.attrs);
        let serde = SerdeField::read(ctxt, &field.attrs);
        let plain = ident.unraw().to_string();
        let name = match (&serde.rename, rule) {
            (Some(name), _) => name.value(),
            (None, Some(rule)) => rule.apply(&plain),
            (None, None) => plain,
        };
        let inner = option_inner(&field.ty).cloned();
        let new = Self {
            otherwise: otherwise(ctxt, attrs.default, &serde, inner.is_some()),
            takes: takes(inner.as_ref().unwrap_or(&field.ty)),
            ty: field.ty.clone(),
            inner,
            docs: with_name(&field.attrs, "doc"),
            allows: allows(&field.attrs),
            deprecated: with_name(&field.attrs, "deprecated").into_iter().next(),
            doc_text: Docs::read(&field.attrs),
            aliases: serde.aliases.iter().map(syn::LitStr::value).collect(),
            redact: attrs.redact.is_some(),
            ident,
            name,
            serde,
        };
        let is_owned = !mentions(&field.ty, generics) && check_owned(ctxt, &field.ty);
        Some(if is_owned { new } else { new.broken() })
    }

    /// Replaces the type by one that cannot cause an error, because further errors about its own
    /// type would mislead.
    fn broken(self) -> Self {
        let is_option = self.inner.is_some();
        Self {
            ty: if is_option { syn::parse_quote!(::core::option::Option<()>) } else { syn::parse_quote!(()) },
            inner: is_option.then(|| syn::parse_quote!(())),
            otherwise: match self.otherwise {
                Otherwise::Missing => Otherwise::Missing,
                _ => Otherwise::OfType,
            },
            takes: Takes::Anything,
            serde: SerdeField::default(),
            ..self
        }
    }

    /// Whether the helper has it as an argument; otherwise it is a setter.
    pub(crate) fn is_required(&self) -> bool {
        matches!(self.otherwise, Otherwise::Missing)
    }

    pub(crate) fn span(&self) -> Span {
        self.ident.span()
    }

    pub(crate) fn type_span(&self) -> Span {
        self.ty.span()
    }

    /// Whether its type was reported and replaced.
    pub(crate) fn is_broken(&self) -> bool {
        self.takes == Takes::Anything
    }

    /// Whether bus-core has probably compiled the codec of its type.
    pub(crate) fn has_known_type(&self) -> bool {
        is_known(&self.ty)
    }

    /// Whether its type is a number or the like, which holds no memory apart from itself.
    pub(crate) fn is_plain(&self) -> bool {
        is_plain(self.inner.as_ref().unwrap_or(&self.ty))
    }

    /// Whether its type is this single name, not the end of a path.
    pub(crate) fn names_type(&self, name: &str) -> bool {
        names(&self.ty, name)
    }

    /// The names of its setters.
    pub(crate) fn setters(&self) -> Vec<String> {
        let name = self.ident.unraw().to_string();
        match (self.is_required(), &self.inner) {
            (true, _) => Vec::new(),
            (false, None) => vec![name],
            (false, Some(_)) => vec![format!("maybe_{name}"), name],
        }
    }
}

fn otherwise(ctxt: &Ctxt, default: Option<FieldDefault>, serde: &SerdeField, optional: bool) -> Otherwise {
    match (default, &serde.default) {
        (Some(default), Some((span, _))) => {
            ctxt.error(*span, "the default is given twice: keep the one in `#[event(..)]`");
            otherwise(ctxt, Some(default), &SerdeField::default(), optional)
        }
        (Some(FieldDefault::Is(expr)), None) => Otherwise::Is(expr),
        (None, Some((_, Some(path)))) => Otherwise::Call(path.clone()),
        _ if optional => Otherwise::None,
        (Some(FieldDefault::OfType), None) | (None, Some((_, None))) => Otherwise::OfType,
        (None, None) => Otherwise::Missing,
    }
}
