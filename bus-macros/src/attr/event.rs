//! `#[event(..)]` on a variant.

use proc_macro2::Span;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Ident, LitStr, Path, Token, Type};

use super::keyword::tolerant;
use super::life::{Life, life};
use super::{Keyword, Place, Value, collect, nearest, unknown};
use crate::ctxt::Ctxt;

const KIND: &str = "kind";
const ALIAS: &str = "alias";
const VERSION: &str = "version";
const UPCAST: &str = "upcast";
const REQUIRES: &str = "requires";
const TRANSIENT: &str = "transient";
const CRITICAL: &str = "critical";
const STICKY: &str = "sticky";
pub(super) const REPLY: &str = "reply";
const COALESCE: &str = "coalesce";
const ENDS_WITH: &str = "ends_with";
/// A keyword of its own, and a scope that `requires` can ask for.
const EXECUTION: &str = "execution";

pub(crate) const KEYWORDS: &[&str] = &[
    KIND, ALIAS, VERSION, UPCAST, REQUIRES, TRANSIENT, CRITICAL, STICKY, REPLY, COALESCE, ENDS_WITH,
    EXECUTION,
];

/// The other scope that `requires` can ask for.
const NODE: &str = "node";

/// Inside of `alias`.
const WITHOUT_PREFIX: &str = "without_prefix";

/// Inside of `ends_with`.
const BY: &str = "by";

/// The parsed attribute.
#[derive(Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a keyword that is present or not")]
pub(crate) struct EventAttrs {
    pub(crate) kind: Option<LitStr>,
    pub(crate) aliases: Vec<Alias>,
    pub(crate) version: Option<u32>,
    pub(crate) upcast: Option<(Span, Path)>,
    pub(crate) node: bool,
    pub(crate) execution: bool,
    pub(crate) transient: bool,
    pub(crate) critical: bool,
    pub(crate) sticky: bool,
    pub(crate) reply: Option<Type>,
    pub(crate) coalesce: Option<Vec<Ident>>,
    pub(crate) ends_with: Option<EndsWith>,
    pub(crate) life: Option<Life>,
}

/// A further name that is accepted when reading.
pub(crate) struct Alias {
    /// The whole name, as it stands on the wire.
    pub(crate) name: LitStr,
    /// It stands in `without_prefix(..)`.
    pub(crate) without_prefix: bool,
}

/// `"old_kind"`, or `without_prefix("old_kind", ..)`
struct Aliases(Vec<Alias>);

impl Parse for Aliases {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if !input.peek(Ident) {
            return Ok(Self(vec![Alias { name: input.parse()?, without_prefix: false }]));
        }
        let keyword: Ident = input.parse()?;
        if keyword != WITHOUT_PREFIX {
            return Err(syn::Error::new(
                keyword.span(),
                format!("`{keyword}` is unknown here, write `{WITHOUT_PREFIX}(\"old_kind\")`"),
            ));
        }
        let content;
        syn::parenthesized!(content in input);
        let names = Punctuated::<LitStr, Token![,]>::parse_terminated(&content)?;
        Ok(Self(names.into_iter().map(|name| Alias { name, without_prefix: true }).collect()))
    }
}

fn aliases(ctxt: &Ctxt, keyword: &Keyword) -> Vec<Alias> {
    let parts = keyword.list::<Aliases>(ctxt, "alias(\"old_kind\")").unwrap_or_default();
    parts.into_iter().flat_map(|part| part.0).collect()
}

/// `ends_with(A, B, by(field))`
pub(crate) struct EndsWith {
    pub(crate) events: Vec<Ident>,
    pub(crate) by: Vec<Ident>,
}

impl EventAttrs {
    pub(crate) fn read(ctxt: &Ctxt, attrs: &[Attribute]) -> Self {
        let mut found = Self::default();
        for keyword in collect(ctxt, attrs, Place::Event) {
            match keyword.name.as_str() {
                KIND => found.kind = keyword.text(ctxt),
                ALIAS => found.aliases = aliases(ctxt, &keyword),
                VERSION => found.version = keyword.number(ctxt),
                UPCAST => found.upcast = keyword.path(ctxt).map(|path| (keyword.span, path)),
                REQUIRES => found.requires(ctxt, &keyword),
                TRANSIENT => found.transient = keyword.flag(ctxt),
                CRITICAL => found.critical = keyword.flag(ctxt),
                STICKY => found.sticky = keyword.flag(ctxt),
                REPLY => found.reply = keyword.ty(ctxt),
                COALESCE => found.coalesce = coalesce(ctxt, &keyword),
                ENDS_WITH => found.ends_with = ends_with(ctxt, &keyword),
                EXECUTION => found.life = life(ctxt, &keyword),
                _ => unknown(ctxt, &keyword, Place::Event),
            }
        }
        found
    }

    fn requires(&mut self, ctxt: &Ctxt, keyword: &Keyword) {
        for scope in keyword.list::<Ident>(ctxt, "requires(node, execution)").unwrap_or_default() {
            let name = scope.to_string();
            let flag = match name.as_str() {
                NODE => &mut self.node,
                EXECUTION => &mut self.execution,
                _ => {
                    ctxt.error(scope.span(), unknown_scope(&name));
                    continue;
                }
            };
            if std::mem::replace(flag, true) {
                ctxt.error(scope.span(), format!("`{name}` is given twice: leave one out"));
            }
        }
    }
}

fn unknown_scope(name: &str) -> String {
    if name == "stream" {
        return "a stream is always needed: leave this out".to_owned();
    }
    let fix = match nearest(name, &[NODE, EXECUTION]) {
        Some(scope) => format!("did you mean `{scope}`?"),
        None => "an event can require `node` and `execution`".to_owned(),
    };
    format!("unknown scope `{name}`: {fix}")
}

fn coalesce(ctxt: &Ctxt, keyword: &Keyword) -> Option<Vec<Ident>> {
    match &keyword.value {
        Value::Nothing => Some(Vec::new()),
        _ => keyword.list(ctxt, "coalesce(field)"),
    }
}

fn ends_with(ctxt: &Ctxt, keyword: &Keyword) -> Option<EndsWith> {
    const EXAMPLE: &str = "`ends_with(TargetFinished, by(target))`";
    let Value::List(_, tokens) = &keyword.value else { return keyword.wrong(ctxt, EXAMPLE) };
    let mut found = EndsWith { events: Vec::new(), by: Vec::new() };
    for part in tolerant(ctxt, tokens.clone()) {
        match &part.value {
            Value::Nothing => found.events.push(Ident::new(&part.name, part.span)),
            Value::List(..) if part.name == BY => {
                found.by.extend(part.list::<Ident>(ctxt, "by(field)").unwrap_or_default());
            }
            _ => ctxt.error(part.span, format!("expected {EXAMPLE}")),
        }
    }
    if found.events.is_empty() { keyword.wrong(ctxt, EXAMPLE) } else { Some(found) }
}
