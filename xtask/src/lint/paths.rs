//! The paths that a source file uses, as module paths from the root of its crate.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Item};

/// The segments of a path from the root of the crate: `crate::a::B` is `["a", "B"]`.
pub(super) type Segments = Vec<String>;

/// The module of a file, from its path below `src/`: `a/b.rs` and `a/b/mod.rs` are both
/// `["a", "b"]`.
pub(super) fn module(below_src: &str) -> Segments {
    let path = below_src.trim_end_matches(".rs").trim_end_matches("/mod");
    path.split('/').map(str::to_owned).collect()
}

/// Every path that begins with `crate`, `self` or `super`, in a `use` or anywhere else, outside of
/// tests. A path that names a macro has no module and is left out.
pub(super) fn used(module: &[String], text: &str) -> Vec<Segments> {
    let mut found = Vec::new();
    let items = syn::parse_file(text).map(|file| file.items).unwrap_or_default();
    collect_items(module, &items, &mut found);
    found.sort_unstable();
    found.dedup();
    found
}

fn collect_items(module: &[String], items: &[Item], found: &mut Vec<Segments>) {
    for item in items.iter().filter(|item| !is_for_tests(item)) {
        match item {
            // `super` means another module inside of it.
            Item::Mod(inner) if inner.content.is_some() => {
                let name = [module, &[inner.ident.to_string()]].concat();
                let content = inner.content.iter().flat_map(|(_, items)| items.clone());
                collect_items(&name, &content.collect::<Vec<_>>(), found);
            }
            item => collect_tokens(module, item.to_token_stream(), found),
        }
    }
}

fn is_for_tests(item: &Item) -> bool {
    let attributes: &[Attribute] = match item {
        Item::Mod(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        _ => &[],
    };
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg") && attribute.meta.to_token_stream().to_string().contains("test")
    })
}

fn collect_tokens(module: &[String], tokens: TokenStream, found: &mut Vec<Segments>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            collect_tokens(module, group.stream(), found);
        }
        // `$crate::x` is the crate as its users see it; in `a::self` the path began before.
        let goes_on = at > 0 && (is_punct(tokens.get(at - 1), '$') || is_punct(tokens.get(at - 1), ':'));
        if let (Some(base), false) = (base(module, token), goes_on) {
            follow(base, &tokens[at + 1..], found);
        }
    }
}

/// The module that the first word of a path names.
fn base(module: &[String], token: &TokenTree) -> Option<Segments> {
    let TokenTree::Ident(word) = token else { return None };
    match word.to_string().as_str() {
        "crate" => Some(Vec::new()),
        "self" => Some(module.to_vec()),
        "super" => Some(parent(module)),
        _ => None,
    }
}

fn parent(module: &[String]) -> Segments {
    module[..module.len().saturating_sub(1)].to_vec()
}

/// Reads the rest of a path, `::a::{b, c::D}`, and adds each branch of it.
fn follow(mut path: Segments, mut rest: &[TokenTree], found: &mut Vec<Segments>) {
    let begun = path.len();
    while is_punct(rest.first(), ':') && is_punct(rest.get(1), ':') {
        match rest.get(2) {
            Some(TokenTree::Ident(word)) if word == "super" && path.len() <= begun => path = parent(&path),
            Some(TokenTree::Ident(word)) if is_punct(rest.get(3), '!') && word != "super" => return,
            Some(TokenTree::Ident(word)) => path.push(word.to_string()),
            Some(TokenTree::Group(branches)) => return branch(&path, branches.stream(), found),
            _ => break,
        }
        rest = &rest[3..];
    }
    found.push(path);
}

/// `{a::B, c}` after a path: each part between commas goes on with the path.
fn branch(path: &[String], branches: TokenStream, found: &mut Vec<Segments>) {
    let tokens: Vec<TokenTree> = branches.into_iter().collect();
    for part in tokens.split(|token| is_punct(Some(token), ',')) {
        match part.first() {
            Some(TokenTree::Ident(word)) if word == "self" => found.push(path.to_vec()),
            Some(TokenTree::Ident(word)) => {
                follow([path, &[word.to_string()]].concat(), &part[1..], found);
            }
            Some(_) => found.push(path.to_vec()),
            None => {}
        }
    }
}

fn is_punct(token: Option<&TokenTree>, sign: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(file: &str, text: &str) -> Vec<String> {
        used(&module(file), text).into_iter().map(|path| path.join("::")).collect()
    }

    #[test]
    fn all_branches_of_a_use_are_found() {
        let text = "use crate::{a::B, c::{D, e::F}, g::*};\nuse std::fmt;\n";
        assert_eq!(found("x.rs", text), ["a::B", "c::D", "c::e::F", "g"]);
    }

    #[test]
    fn relative_paths_are_resolved() {
        assert_eq!(found("x/y/z.rs", "use super::a::B;\nuse super::super::c;\n"), ["x::c", "x::y::a::B"]);
        assert_eq!(found("x/y/mod.rs", "use self::a::B;\nuse super::c::D;\n"), ["x::c::D", "x::y::a::B"]);
        assert_eq!(
            found("x.rs", "mod inner {\n    use super::a;\n    use super::super::b;\n}\n"),
            ["b", "x::a"]
        );
    }

    #[test]
    fn paths_in_bodies_count_and_macros_do_not() {
        let text = "fn f() { g(|| crate::a::b()); crate::object!{}; $crate::c::d() }\n";
        assert_eq!(found("x.rs", text.replace('$', "").as_str()), ["a::b", "c::d"]);
        assert_eq!(found("x.rs", "macro_rules! m { () => { $crate::c::d() } }\n"), [""; 0]);
    }

    #[test]
    fn tests_are_left_out() {
        assert_eq!(found("x.rs", "#[cfg(test)]\nmod tests { use crate::a::B; }\n"), [""; 0]);
    }
}
