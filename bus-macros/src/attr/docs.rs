//! Doc comments, which the catalogue shows.

use syn::{Attribute, Expr, Meta};

use super::text;

/// The doc comment of an event or a field.
pub(crate) enum Docs {
    /// The lines, without the space that rustfmt puts before each.
    Text(String),
    /// The parts of a comment of which macros write one, as `#[doc = include_str!(..)]` does. Only
    /// the compiler knows their text.
    Parts(Vec<Expr>),
}

impl Docs {
    pub(crate) fn read(attrs: &[Attribute]) -> Self {
        let parts: Vec<&Expr> = attrs.iter().filter_map(part).collect();
        let texts: Option<Vec<String>> = parts.iter().map(|part| text(part)).collect();
        match texts {
            Some(texts) => Self::Text(trimmed(&texts.join("\n"))),
            None => Self::Parts(parts.into_iter().cloned().collect()),
        }
    }

    /// The first line, empty if there is none or a macro writes it.
    pub(crate) fn first_line(&self) -> String {
        let first = match self {
            Self::Text(text) => text.clone(),
            Self::Parts(parts) => trimmed(&parts.first().and_then(text).unwrap_or_default()),
        };
        first.lines().next().unwrap_or_default().to_owned()
    }
}

fn part(attr: &Attribute) -> Option<&Expr> {
    match &attr.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => Some(&meta.value),
        _ => None,
    }
}

/// Must do the same as `DocText` of bus-core, which does it for the text of macros.
fn trimmed(text: &str) -> String {
    let lines = text.split('\n').map(str::trim_ascii_end);
    let lines: Vec<&str> = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    lines.join("\n").trim_ascii().to_owned()
}
