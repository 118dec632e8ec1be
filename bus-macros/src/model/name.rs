//! Turns the name of a variant into the names of its helper and its kind.

use proc_macro2::Ident;

/// Names of older editions that are keywords in the edition of the generated code.
const YOUNG_KEYWORDS: &[&str] = &["gen"];

/// The same name in a form that every edition reads as a name: `r#gen` for `gen`.
pub(crate) fn portable(ident: &Ident) -> Ident {
    let is_young = YOUNG_KEYWORDS.iter().any(|keyword| ident == keyword);
    if is_young { Ident::new_raw(&ident.to_string(), ident.span()) } else { ident.clone() }
}

/// `LLMTextDelta` becomes `llm_text_delta`.
pub(crate) fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    for (i, letter) in letters.iter().enumerate() {
        let after = i > 0 && !matches!(letters[i - 1], '_' | '.');
        let ends_capitals = || {
            let last_of_run = letters.get(i + 1).is_some_and(|next| next.is_lowercase());
            !letters[i - 1].is_uppercase() || last_of_run
        };
        if letter.is_uppercase() && after && ends_capitals() {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::snake;

    #[test]
    fn parts_begin_at_capitals() {
        for (name, expected) in [
            ("TargetStarted", "target_started"),
            ("LLMTextDelta", "llm_text_delta"),
            ("LlmTextDelta", "llm_text_delta"),
            ("Http2Started", "http2_started"),
            ("A", "a"),
            ("AB", "ab"),
            ("Already_Split", "already_split"),
            ("IO", "io"),
            ("Build.TargetStarted", "build.target_started"),
        ] {
            assert_eq!(snake(name), expected);
        }
    }
}
