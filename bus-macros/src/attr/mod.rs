//! `#[events(..)]`, `#[event(..)]` and the attributes of serde, word by word.
//!
//! A word that cannot be used is reported where it stands and left out; the rest of the attribute counts.

pub(crate) mod definition;
pub(crate) mod event;
pub(crate) mod field;
mod nearest;
pub(crate) mod serde;
mod word;

pub(crate) use self::nearest::nearest;
pub(crate) use self::word::{Value, Word};

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

use self::word::{bare, words};
use crate::ctxt::Ctxt;

/// The attribute on the enum.
pub(crate) const EVENTS: &str = "events";
/// The attribute on an event or a field.
pub(crate) const EVENT: &str = "event";

/// Where an attribute stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Definition,
    Event,
    Field,
}

impl Place {
    /// The words that may stand here.
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Definition => definition::WORDS,
            Self::Event => event::WORDS,
            Self::Field => field::WORDS,
        }
    }

    /// The attribute that they stand in.
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

/// All words of the attributes that belong to this place; of a word that is there twice the first.
fn collect(ctxt: &Ctxt, attrs: &[Attribute], place: Place) -> Vec<Word> {
    let mut all: Vec<Word> = Vec::new();
    check_schemars(ctxt, attrs);
    for attr in attrs {
        if attr.path().is_ident(place.attribute()) {
            for word in words(ctxt, attr) {
                if all.iter().any(|other| other.name == word.name) {
                    ctxt.error(word.span, format!("`{}` is there twice: leave one out", word.name));
                } else {
                    all.push(word);
                }
            }
        } else if attr.path().is_ident(EVENTS) || attr.path().is_ident(EVENT) {
            let (here, name) = (place.attribute(), place.name());
            ctxt.error(syn::spanned::Spanned::span(attr.path()), format!("on {name} it is `#[{here}(..)]`"));
        }
    }
    all
}

/// Reports the words of schemars: a payload has no derive of its own that would read them.
fn check_schemars(ctxt: &Ctxt, attrs: &[Attribute]) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("schemars")) {
        let message = "the schema of a field is that of its type: put this on the type, or leave it out";
        ctxt.error(syn::spanned::Spanned::span(attr.path()), message);
    }
}

/// Reports a word that does not belong here: it stands elsewhere, or it is a slip of the finger.
fn unknown(ctxt: &Ctxt, word: &Word, here: Place) {
    let name = &word.name;
    let elsewhere = [Place::Definition, Place::Event, Place::Field]
        .into_iter()
        .find(|place| *place != here && place.words().contains(&name.as_str()));
    let text = if let Some(place) = elsewhere {
        format!("`{name}` belongs on {}, as `#[{}({name})]`", place.name(), place.attribute())
    } else if here == Place::Field && serde::WORDS.contains(&name.as_str()) {
        format!("`{name}` is a word of serde's: write `#[serde({name})]`")
    } else if let Some(word) = nearest(name, here.words()) {
        format!("unknown word `{name}`: did you mean `{word}`?")
    } else {
        format!("unknown word `{name}` on {}: known are {}", here.name(), listed(here.words()))
    };
    ctxt.error(word.span, text);
}

/// "`a`, `b` and `c`".
pub(crate) fn listed(words: &[impl AsRef<str>]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{}`", word.as_ref())).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// The lines of the doc comment, as one text without the space that rustfmt puts before each.
pub(crate) fn docs(attrs: &[Attribute]) -> String {
    let lines: Vec<String> = attrs.iter().filter_map(doc_line).collect();
    // Not `lines()`: an empty line between paragraphs is a doc comment of its own, and has none.
    let lines = lines.iter().flat_map(|text| text.split('\n').map(str::trim_end));
    let lines: Vec<&str> = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    lines.join("\n").trim().to_owned()
}

fn doc_line(attr: &Attribute) -> Option<String> {
    match &attr.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => text(&meta.value),
        _ => None,
    }
}

fn text(expr: &Expr) -> Option<String> {
    match bare(expr.clone()) {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}

/// The note of `#[deprecated]`, empty where it has none.
pub(crate) fn deprecated(attrs: &[Attribute]) -> Option<String> {
    let attr = attrs.iter().find(|attr| attr.path().is_ident("deprecated"))?;
    let mut note = String::new();
    match &attr.meta {
        Meta::Path(_) => {}
        Meta::NameValue(meta) => note = text(&meta.value).unwrap_or_default(),
        // What else is wrong with it the compiler says.
        Meta::List(_) => drop(attr.parse_nested_meta(|meta| {
            let text: syn::LitStr = meta.value()?.parse()?;
            if meta.path.is_ident("note") {
                note = text.value();
            }
            Ok(())
        })),
    }
    Some(note)
}

#[cfg(test)]
mod tests {
    use super::{Place, serde};

    #[test]
    fn the_docs_have_every_word() {
        let docs = include_str!("../derive.md");
        for place in [Place::Definition, Place::Event, Place::Field] {
            for word in place.words() {
                let attribute = format!("`#[{}({word}", place.attribute());
                assert!(docs.contains(&attribute), "{attribute} is not in derive.md");
            }
        }
        for word in serde::WORDS {
            assert!(docs.contains(&format!("`{word}`")), "{word} is not in derive.md");
        }
    }
}
