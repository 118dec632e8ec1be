//! Types and expressions as text, for the catalogue.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// Close to the user's formatting: a derive sees tokens, not spaces.
pub(super) fn written(tokens: &TokenStream) -> String {
    let mut text = String::new();
    push(&mut text, tokens.clone());
    text
}

fn push(text: &mut String, tokens: TokenStream) {
    let mut tight = true;
    for token in tokens {
        let space = match &token {
            TokenTree::Punct(punct) => {
                matches!(punct.as_char(), '=' | '+' | '|' | '*' | '/') && !text.ends_with(['=', '|'])
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => !text.ends_with(['(', '[']),
            // After a name it is a call or an index.
            TokenTree::Group(_) => !tight && text.ends_with([',', ':', ';', '=', '+', '*', '/']),
            _ => !tight,
        };
        if space && !text.is_empty() {
            text.push(' ');
        }
        match &token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => ("{ ", " }"),
                    Delimiter::None => ("", ""),
                };
                text.push_str(open);
                push(text, group.stream());
                text.push_str(close);
            }
            other => text.push_str(&other.to_string()),
        }
        tight = match &token {
            // A separator between a name and its value, and not a part of a path.
            TokenTree::Punct(punct) if punct.as_char() == ':' => {
                text.ends_with("::") || punct.spacing() == Spacing::Joint
            }
            TokenTree::Punct(punct) => !matches!(punct.as_char(), ',' | '=' | '+' | ';' | '*' | '/'),
            _ => false,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::written;

    #[test]
    fn tokens_read_as_they_were_written() {
        for text in [
            "Vec<String>",
            "std::collections::BTreeMap<String, Vec<(u8, String)>>",
            "[u8; 4]",
            "[[1, 2], [3, 4]]",
            "(u8, (u8, [u8; 2]))",
            "Cow<'static, str>",
            "vec![\"a\".into(), String::from(\"b\")]",
            "json!({ \"a\": [1, { \"b\": null }] })",
            "Limits { size: 4, depth: limits::DEPTH }",
            "crate::jobs() + 1",
            "2 * SECOND",
            "-1",
        ] {
            assert_eq!(written(&text.parse().unwrap()), text);
        }
    }
}
