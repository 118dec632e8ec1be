//! Serde's own attributes: the table codec honours them, or the error names the attribute to use
//! instead.

use std::collections::HashSet;

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Expr, ExprPath, LitStr, Path};

use super::listed;
use crate::ctxt::Ctxt;

/// The keywords that are valid on a field.
pub(crate) const KEYWORDS: &[&str] = &[
    "rename",
    "alias",
    "flatten",
    "skip",
    "skip_serializing",
    "skip_deserializing",
    "skip_serializing_if",
    "serialize_with",
    "deserialize_with",
    "with",
    "default",
];

/// The parsed serde attributes of a field.
#[derive(Default)]
pub(crate) struct SerdeField {
    pub(crate) rename: Option<LitStr>,
    pub(crate) aliases: Vec<LitStr>,
    pub(crate) flatten: Option<Span>,
    pub(crate) skip_serializing: bool,
    pub(crate) skip_deserializing: bool,
    pub(crate) skip_serializing_if: Option<Path>,
    /// The keyword that leaves the field out when writing, always or sometimes.
    pub(crate) left_out: Option<(Span, String)>,
    pub(crate) serialize_with: Option<Path>,
    pub(crate) deserialize_with: Option<Path>,
    /// `default` and `default = "path"`
    pub(crate) default: Option<(Span, Option<Path>)>,
}

/// How `rename_all` writes the names of fields.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum RenameRule {
    Camel,
    Pascal,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
    Lower,
    Upper,
    Snake,
}

impl SerdeField {
    pub(crate) fn read(ctxt: &Ctxt, attrs: &[Attribute]) -> Self {
        let mut found = Self::default();
        let mut seen = HashSet::new();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident("serde")) {
            ctxt.ok(attr.parse_nested_meta(|meta| {
                if seen.insert(meta.path.clone()) || meta.path.is_ident("alias") {
                    return found.keyword(ctxt, &meta);
                }
                let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
                let message = format!("`{name}` is given twice: leave one out");
                ctxt.error(syn::spanned::Spanned::span(&meta.path), message);
                skip_value(&meta)
            }));
        }
        found
    }

    fn keyword(&mut self, ctxt: &Ctxt, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        let span = syn::spanned::Spanned::span(&meta.path);
        if matches!(name.as_str(), "skip_serializing" | "skip_serializing_if") {
            self.left_out.get_or_insert_with(|| (span, name.clone()));
        }
        match name.as_str() {
            "rename" => self.rename = Some(one_name(meta)?),
            "alias" => self.aliases.push(meta.value()?.parse()?),
            "flatten" => self.flatten = Some(span),
            "skip" => (self.skip_serializing, self.skip_deserializing) = (true, true),
            "skip_serializing" => self.skip_serializing = true,
            "skip_deserializing" => self.skip_deserializing = true,
            "skip_serializing_if" => self.skip_serializing_if = Some(path(meta)?),
            "serialize_with" => self.serialize_with = Some(path(meta)?),
            "deserialize_with" => self.deserialize_with = Some(path(meta)?),
            "with" => {
                let module = path(meta)?;
                let at = syn::spanned::Spanned::span(&module);
                self.serialize_with = Some(syn::parse_quote_spanned!(at=> #module::serialize));
                self.deserialize_with = Some(syn::parse_quote_spanned!(at=> #module::deserialize));
            }
            "default" if meta.input.peek(syn::Token![=]) => self.default = Some((span, Some(path(meta)?))),
            "default" => self.default = Some((span, None)),
            _ => {
                ctxt.error(span, refused(&name));
                skip_value(meta)?;
            }
        }
        Ok(())
    }
}

/// `rename_all` on an event and `rename_all_fields` on the enum.
pub(crate) fn rename_rule(ctxt: &Ctxt, attrs: &[Attribute], on_enum: bool) -> Option<RenameRule> {
    let mut found = None;
    let keyword = if on_enum { "rename_all_fields" } else { "rename_all" };
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("serde")) {
        ctxt.ok(attr.parse_nested_meta(|meta| {
            if meta.path.is_ident(keyword) {
                found = Some(RenameRule::parse(&one_name(&meta)?)?);
                return Ok(());
            }
            let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            ctxt.error(syn::spanned::Spanned::span(&meta.path), refused_on_event(&name, on_enum));
            skip_value(&meta)
        }));
    }
    found
}

fn refused(name: &str) -> String {
    match name {
        "borrow" => "an event owns its fields: leave `borrow` out, and use `String` for `&str`".to_owned(),
        _ => format!(
            "serde's `{name}` cannot be used on a field of an event: supported are {}",
            listed(KEYWORDS)
        ),
    }
}

fn refused_on_event(name: &str, on_enum: bool) -> String {
    match name {
        "rename" if !on_enum => "the name on the wire is `#[event(kind = \"..\")]`".to_owned(),
        "alias" if !on_enum => "names still accepted when reading are `#[event(alias(\"..\"))]`".to_owned(),
        "rename_all" => {
            "fields are renamed by `rename_all_fields`, kinds by `#[event(kind = \"..\")]` on each".to_owned()
        }
        "default" => "write it on each field that has a default: `#[event(default)]`".to_owned(),
        _ if on_enum => format!("serde's `{name}` has no effect here: the enum is never built; leave it out"),
        _ => format!("serde's `{name}` cannot be used on an event: supported is `rename_all`"),
    }
}

/// `rename = ".."`. One name for writing and another for reading is an error.
fn one_name(meta: &ParseNestedMeta<'_>) -> syn::Result<LitStr> {
    if meta.input.peek(syn::token::Paren) {
        return Err(meta.error(
            "the name must be the same for writing and reading: one name here, and `#[serde(alias = \"..\")]` for older names",
        ));
    }
    meta.value()?.parse()
}

/// A path in a string, as serde writes it.
fn path(meta: &ParseNestedMeta<'_>) -> syn::Result<Path> {
    let value = meta.value()?;
    if value.peek(LitStr) {
        let text: LitStr = value.parse()?;
        let path: ExprPath = text.parse()?;
        return Ok(path.path);
    }
    Err(value.error("expected a path in a string, as serde writes it: \"some::path\""))
}

fn skip_value(meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
    if meta.input.peek(syn::Token![=]) {
        meta.value()?.parse::<Expr>()?;
    } else if meta.input.peek(syn::token::Paren) {
        meta.input.parse::<proc_macro2::TokenTree>()?;
    }
    Ok(())
}

impl RenameRule {
    fn parse(text: &LitStr) -> syn::Result<Self> {
        Ok(match text.value().as_str() {
            "camelCase" => Self::Camel,
            "PascalCase" => Self::Pascal,
            "SCREAMING_SNAKE_CASE" => Self::ScreamingSnake,
            "kebab-case" => Self::Kebab,
            "SCREAMING-KEBAB-CASE" => Self::ScreamingKebab,
            "lowercase" => Self::Lower,
            "UPPERCASE" => Self::Upper,
            "snake_case" => Self::Snake,
            _ => {
                return Err(syn::Error::new(text.span(), "expected a rule of serde, such as \"camelCase\""));
            }
        })
    }

    /// The name on the wire of a field called `field`.
    pub(crate) fn apply(self, field: &str) -> String {
        match self {
            Self::Lower | Self::Snake => field.to_owned(),
            Self::Upper | Self::ScreamingSnake => field.to_uppercase(),
            Self::Kebab => field.replace('_', "-"),
            Self::ScreamingKebab => field.to_uppercase().replace('_', "-"),
            Self::Pascal => field.split('_').map(capitalized).collect(),
            Self::Camel => {
                let mut parts = field.split('_');
                let first = parts.next().unwrap_or_default().to_owned();
                first + &parts.map(capitalized).collect::<String>()
            }
        }
    }
}

fn capitalized(part: &str) -> String {
    let mut letters = part.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}
