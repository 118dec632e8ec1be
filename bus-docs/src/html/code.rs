//! Blocks of code with highlighting.

use std::fmt::Write as _;

use crate::prose::escaped;

/// The language of a block.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Json,
    Rust,
    TypeScript,
    Python,
}

impl Language {
    fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Rust => "rust",
            Self::TypeScript => "typescript",
            Self::Python => "python",
        }
    }

    /// Keywords in the code that pages show.
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Json => &["true", "false", "null"],
            Self::Rust => &["let", "async", "await", "true", "false"],
            Self::TypeScript => &["import", "type", "from", "function", "const"],
            Self::Python => &["import", "if", "for", "in", "def"],
        }
    }
}

pub(super) fn block(language: Language, text: &str) -> String {
    let mut out = format!("<pre tabindex=\"0\"><code class=\"{}\">", language.name());
    let mut rest = text.trim_end();
    while let Some(first) = rest.chars().next() {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = match first {
            '"' => text_end(rest),
            // A dot is part of a number; between names it is part of neither.
            c if c.is_ascii_digit() => rest.find(|c: char| !word(c) && c != '.').unwrap_or(rest.len()),
            c if word(c) => rest.find(|c: char| !word(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (part, after) = rest.split_at(end);
        let shown = escaped(part);
        let _ = match class(language, part, after) {
            Some(class) => write!(out, "<span class=\"{class}\">{shown}</span>"),
            None => write!(out, "{shown}"),
        };
        rest = after;
    }
    out.push_str("</code></pre>");
    out
}

/// The end of the string that begins here.
fn text_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        if letter == '"' && !escaped {
            return at + 1;
        }
        escaped = letter == '\\' && !escaped;
    }
    text.len()
}

fn class(language: Language, part: &str, after: &str) -> Option<&'static str> {
    let first = part.chars().next()?;
    if first == '"' {
        let is_key = language == Language::Json && after.starts_with(':');
        return Some(if is_key { "k" } else { "s" });
    }
    if first.is_ascii_digit() {
        return Some("n");
    }
    language.words().contains(&part).then_some("w")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_texts_and_numbers_stand_out() {
        assert_eq!(
            block(Language::Json, r#"{"a": "x \" <y>", "n": 1.5}"#),
            "<pre tabindex=\"0\"><code class=\"json\">{<span class=\"k\">&quot;a&quot;</span>: <span class=\"s\">&quot;x \\&quot; &lt;y&gt;&quot;</span>, \
             <span class=\"k\">&quot;n&quot;</span>: <span class=\"n\">1.5</span>}</code></pre>"
        );
    }

    #[test]
    fn a_point_between_words_is_part_of_neither() {
        assert_eq!(
            block(Language::Rust, "bus.emit(1).await;"),
            "<pre tabindex=\"0\"><code class=\"rust\">bus.emit(<span class=\"n\">1</span>).<span class=\"w\">await</span>;</code></pre>"
        );
    }
}
