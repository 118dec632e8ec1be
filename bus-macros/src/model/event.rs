//! One event: a variant of the definition.

use quote::format_ident;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Fields, Ident, LitStr, Meta, Path, Type, Variant};

use super::field::Field;
use super::name::{portable, snake};
use crate::attr::docs::Docs;
use crate::attr::event::{Alias, EventAttrs};
use crate::attr::serde::{RenameRule, rename_rule};
use crate::attr::{self, Life};
use crate::ctxt::Ctxt;

/// An event, ready to expand.
#[allow(clippy::struct_excessive_bools, reason = "each is a keyword that is present or not")]
pub(crate) struct Event {
    /// The name of the payload.
    pub(crate) ident: Ident,
    /// The name of the variant: the same, unless it is taken and was reported.
    pub(crate) variant: Ident,
    pub(crate) docs: Vec<Attribute>,
    pub(crate) doc_text: Docs,
    pub(crate) cfgs: Vec<Attribute>,
    /// `#[allow(..)]` of the variant and the enum, for lints that look at names.
    pub(crate) allows: Vec<Attribute>,
    /// The `cfg` attributes, which go on the generated items.
    pub(crate) deprecated: Option<Attribute>,
    pub(crate) deprecation: Option<String>,
    /// The kind with its prefix, and the token to point at.
    pub(crate) kind: LitStr,
    /// Whether the user wrote the kind, or it comes from the name.
    pub(crate) kind_is_given: bool,
    pub(crate) aliases: Vec<Alias>,
    pub(crate) version: u32,
    pub(crate) upcast: Option<Path>,
    pub(crate) node: bool,
    pub(crate) execution: bool,
    pub(crate) transient: bool,
    pub(crate) critical: bool,
    pub(crate) sticky: bool,
    /// The type of its answers.
    pub(crate) reply: Option<Type>,
    pub(crate) coalesce: Option<Vec<Ident>>,
    pub(crate) ends_with: Vec<Ending>,
    /// The step in the life of its execution that it reports.
    pub(crate) life: Option<Life>,
    pub(crate) fields: Vec<Field>,
    /// `Name` rather than `Name { .. }`
    pub(crate) is_unit: bool,
    /// Whether a tuple variant was reported and its fields were given names.
    pub(crate) is_tuple: bool,
}

/// An event that ends another, by name and not resolved yet.
pub(crate) struct Ending {
    pub(crate) event: Ident,
    pub(crate) by: Vec<Ident>,
}

/// The settings of a definition that hold for all its events.
pub(crate) struct Common {
    pub(crate) version: u32,
    pub(crate) prefix: String,
    pub(crate) rule: Option<RenameRule>,
    pub(crate) generics: Vec<String>,
    pub(crate) allows: Vec<Attribute>,
    /// A deprecated definition has deprecated events.
    pub(crate) deprecated: Option<Attribute>,
}

impl Event {
    pub(crate) fn read(ctxt: &Ctxt, variant: &Variant, common: &Common) -> Self {
        let attrs = EventAttrs::read(ctxt, &variant.attrs);
        let rule = rename_rule(ctxt, &variant.attrs, false).or(common.rule);
        if let Some((_, value)) = &variant.discriminant {
            ctxt.error(value.span(), "an event has no number: leave out `= ..`");
        }
        let version = attrs.version.unwrap_or(common.version);
        let deprecated = with_name(&variant.attrs, "deprecated").into_iter().next();
        let deprecated = deprecated.or_else(|| common.deprecated.clone());
        if let Some((span, _)) = attrs.upcast.as_ref().filter(|_| version == 1) {
            ctxt.error(
                *span,
                "`upcast` converts older data, and version 1 has none: write `version = 2` or more",
            );
        }
        let ends = attrs.ends_with.into_iter();
        let ends = ends.flat_map(|end| end.events.into_iter().map(move |event| (event, end.by.clone())));
        Self {
            kind_is_given: attrs.kind.is_some(),
            kind: kind(attrs.kind, &variant.ident, &common.prefix),
            docs: with_name(&variant.attrs, "doc"),
            doc_text: Docs::read(&variant.attrs),
            cfgs: with_name(&variant.attrs, "cfg"),
            allows: [common.allows.clone(), allows(&variant.attrs)].concat(),
            deprecation: deprecated.as_ref().map(attr::deprecation),
            deprecated,
            aliases: attrs.aliases,
            version,
            upcast: attrs.upcast.map(|(_, path)| path),
            node: attrs.node,
            execution: attrs.execution,
            transient: attrs.transient,
            critical: attrs.critical,
            sticky: attrs.sticky,
            reply: attrs.reply,
            coalesce: attrs.coalesce,
            ends_with: ends.map(|(event, by)| Ending { event: portable(&event), by }).collect(),
            life: attrs.life,
            fields: fields(ctxt, variant, rule, &common.generics),
            is_unit: matches!(variant.fields, Fields::Unit),
            is_tuple: matches!(variant.fields, Fields::Unnamed(_)),
            ident: portable(&variant.ident),
            variant: portable(&variant.ident),
        }
    }

    /// The kind as `kind = ".."` writes it.
    pub(crate) fn kind_without(&self, prefix: Option<&LitStr>) -> String {
        let kind = self.kind.value();
        let prefix = prefix.map(LitStr::value).unwrap_or_default();
        kind.strip_prefix(&prefix).unwrap_or(&kind).to_owned()
    }

    /// `emit_target_started`. It keeps the variant's name if the struct had to be renamed, so that
    /// callers compile.
    pub(crate) fn helper(&self) -> String {
        format!("emit_{}", snake(&self.variant.unraw().to_string()))
    }

    /// `EmitTargetStarted`
    pub(crate) fn builder(&self) -> Ident {
        format_ident!("Emit{}", self.ident.unraw(), span = super::at(self.ident.span()))
    }

    /// Whether the helper returns a builder of its own rather than an `Emit`.
    pub(crate) fn has_builder(&self) -> bool {
        self.fields.iter().any(|field| !field.is_required())
    }

    /// Whether code that destructures the event mentions a deprecated item.
    pub(crate) fn mentions_deprecated(&self) -> bool {
        self.deprecated.is_some() || self.fields.iter().any(|field| field.deprecated.is_some())
    }

    pub(crate) fn field(&self, ident: &Ident) -> Option<&Field> {
        self.fields.iter().find(|field| field.ident.unraw() == ident.unraw())
    }
}

fn kind(given: Option<LitStr>, ident: &Ident, prefix: &str) -> LitStr {
    match given {
        Some(kind) if prefix.is_empty() => kind,
        Some(kind) => LitStr::new(&format!("{prefix}{}", kind.value()), kind.span()),
        None => LitStr::new(&format!("{prefix}{}", snake(&ident.unraw().to_string())), ident.span()),
    }
}

/// The fields. Those of a tuple variant get names, so that calls of its helper compile.
fn fields(ctxt: &Ctxt, variant: &Variant, rule: Option<RenameRule>, generics: &[String]) -> Vec<Field> {
    if let Fields::Unnamed(tuple) = &variant.fields {
        let name = &variant.ident;
        let names: Vec<_> = match tuple.unnamed.len() {
            1 => vec!["value: ..".to_owned()],
            n => (1..=n.min(3)).map(|i| format!("field_{i}: ..")).collect(),
        };
        let shown =
            if names.is_empty() { name.to_string() } else { format!("{name} {{ {} }}", names.join(", ")) };
        ctxt.error(
            tuple.paren_token.span.join(),
            format!("the fields of an event have names: write `{shown}`"),
        );
    }
    let named = variant.fields.iter().enumerate().map(|(i, field)| {
        let mut field = field.clone();
        field.ident.get_or_insert_with(|| format_ident!("field_{}", i + 1, span = variant.ident.span()));
        field
    });
    named.filter_map(|field| Field::read(ctxt, &field, rule, generics)).collect()
}

/// The allowed lints. An `expect` becomes an `allow`, because generated code need not trigger the
/// lint.
pub(super) fn allows(attrs: &[Attribute]) -> Vec<Attribute> {
    let expected = with_name(attrs, "expect").into_iter().filter_map(|attr| match attr.meta {
        Meta::List(list) => {
            let lints = list.tokens;
            Some(syn::parse_quote!(#[allow(#lints)]))
        }
        _ => None,
    });
    with_name(attrs, "allow").into_iter().chain(expected).collect()
}

pub(super) fn with_name(attrs: &[Attribute], name: &str) -> Vec<Attribute> {
    attrs.iter().filter(|attr| attr.path().is_ident(name)).cloned().collect()
}
