//! Reads `#[events(..)]`, `#[event(..)]` and the attributes of serde, keyword by keyword.
//!
//! A keyword that cannot be used is reported at its position and ignored; the rest of the attribute
//! counts.

pub(crate) mod definition;
pub(crate) mod docs;
pub(crate) mod event;
pub(crate) mod field;
mod keyword;
mod life;
mod nearest;
pub(crate) mod serde;

pub(crate) use self::keyword::{Keyword, Value};
pub(crate) use self::life::Life;
pub(crate) use self::nearest::nearest;

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

use self::keyword::{bare, keywords};
use crate::ctxt::Ctxt;

/// The attribute on the enum.
pub(crate) const EVENTS: &str = "events";
/// The attribute on an event or a field.
pub(crate) const EVENT: &str = "event";

/// The item that an attribute is on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Definition,
    Event,
    Field,
}

impl Place {
    /// The keywords that are valid here.
    fn keywords(self) -> &'static [&'static str] {
        match self {
            Self::Definition => definition::KEYWORDS,
            Self::Event => event::KEYWORDS,
            Self::Field => field::KEYWORDS,
        }
    }

    /// The attribute that has these keywords.
    fn attribute(self) -> &'static str {
        if self == Self::Definition { EVENTS } else { EVENT }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Definition => "the enum",
            Self::Event => "an event",
            Self::Field => "a field",
        }
    }
}

/// All keywords of the attributes on this item. Of a repeated keyword, the first.
fn collect(ctxt: &Ctxt, attrs: &[Attribute], place: Place) -> Vec<Keyword> {
    let mut all: Vec<Keyword> = Vec::new();
    check_schemars(ctxt, attrs);
    for attr in attrs {
        if attr.path().is_ident(place.attribute()) {
            for keyword in keywords(ctxt, attr) {
                if all.iter().any(|other| other.name == keyword.name) {
                    ctxt.error(keyword.span, format!("`{}` is given twice: leave one out", keyword.name));
                } else {
                    all.push(keyword);
                }
            }
        } else if attr.path().is_ident(EVENTS) || attr.path().is_ident(EVENT) {
            let (here, name) = (place.attribute(), place.name());
            ctxt.error(syn::spanned::Spanned::span(attr.path()), format!("on {name} it is `#[{here}(..)]`"));
        }
    }
    all
}

/// Reports attributes of schemars: a payload has no derive that would read them.
fn check_schemars(ctxt: &Ctxt, attrs: &[Attribute]) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("schemars")) {
        let message = "the schema of a field is that of its type: put this on the type, or leave it out";
        ctxt.error(syn::spanned::Spanned::span(attr.path()), message);
    }
}

/// Reports a keyword that is not valid here, with the item that it belongs on or the nearest valid
/// keyword.
fn unknown(ctxt: &Ctxt, keyword: &Keyword, here: Place) {
    let name = &keyword.name;
    let elsewhere = [Place::Definition, Place::Event, Place::Field]
        .into_iter()
        .find(|place| *place != here && place.keywords().contains(&name.as_str()));
    let text = if let Some(place) = elsewhere {
        format!("`{name}` belongs on {}, as `#[{}({name})]`", place.name(), place.attribute())
    } else if here == Place::Field && serde::KEYWORDS.contains(&name.as_str()) {
        format!("`{name}` is an attribute of serde: write `#[serde({name})]`")
    } else if let Some(keyword) = nearest(name, here.keywords()) {
        format!("unknown attribute `{name}`: did you mean `{keyword}`?")
    } else {
        format!("unknown attribute `{name}` on {}: known are {}", here.name(), listed(here.keywords()))
    };
    ctxt.error(keyword.span, text);
}

/// "`a`, `b` and `c`".
pub(crate) fn listed(keywords: &[impl AsRef<str>]) -> String {
    let quoted: Vec<_> = keywords.iter().map(|keyword| format!("`{}`", keyword.as_ref())).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

fn text(expr: &Expr) -> Option<String> {
    match bare(expr.clone()) {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}

/// The note of `#[deprecated]`, empty where it has none.
pub(crate) fn deprecation(attr: &Attribute) -> String {
    let mut note = String::new();
    match &attr.meta {
        Meta::Path(_) => {}
        Meta::NameValue(meta) => note = text(&meta.value).unwrap_or_default(),
        // The compiler reports any other mistake in it.
        Meta::List(_) => drop(attr.parse_nested_meta(|meta| {
            let text: syn::LitStr = meta.value()?.parse()?;
            if meta.path.is_ident("note") {
                note = text.value();
            }
            Ok(())
        })),
    }
    note
}

#[cfg(test)]
mod tests {
    use super::{Place, serde};

    #[test]
    fn the_docs_have_every_keyword() {
        let docs = include_str!("../derive.md");
        for place in [Place::Definition, Place::Event, Place::Field] {
            for keyword in place.keywords() {
                let attribute = format!("`#[{}({keyword}", place.attribute());
                assert!(docs.contains(&attribute), "{attribute} is not in derive.md");
            }
        }
        for keyword in serde::KEYWORDS {
            assert!(docs.contains(&format!("`{keyword}`")), "{keyword} is not in derive.md");
        }
    }
}
