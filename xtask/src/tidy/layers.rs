//! The layers of bus-core: each uses only the layers below it, so that each can be read without those above.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Item};

use super::Report;

/// The modules of bus-core, from the bottom up. A new module is named here, with its layer.
const LAYERS: &[&[&str]] = &[
    &["excerpt", "sync", "clock"],
    &["json"],
    &["payload", "scope"],
    &["error"],
    &["event", "registry"],
    &["dispatch"],
    &["bus"],
    &["wire"],
    &["emit", "subscribe", "history", "stats"],
    &["testing"],
];

/// A module of bus-core uses only modules of the layers below its own. What counts is every path that begins with
/// `crate::`, in a `use` or anywhere else, outside of tests.
pub(super) fn check(path: &str, text: &str, report: &mut Report) {
    let Some(own) = module_of(path) else { return };
    let Some(layer) = layer_of(own) else {
        report.add(path, 0, format!("module `{own}` has no layer: name it in xtask/src/tidy/layers.rs"));
        return;
    };
    let used = uses(text);
    for name in used.iter().filter(|name| *name != own) {
        if let Some(what) = wrong_use(own, layer, name) {
            report.add(path, line_of(text, name), what);
        }
    }
}

/// The first names of all paths into the crate, tests left out.
fn uses(text: &str) -> Vec<String> {
    let mut used = Vec::new();
    let items = syn::parse_file(text).map(|file| file.items).unwrap_or_default();
    for item in items.iter().filter(|item| !is_for_tests(item)) {
        collect_paths(item.to_token_stream(), &mut used);
    }
    used.sort_unstable();
    used.dedup();
    used
}

fn wrong_use(own: &str, layer: usize, name: &str) -> Option<String> {
    match layer_of(name) {
        Some(theirs) if theirs < layer => None,
        Some(theirs) if theirs == layer => {
            Some(format!("`{own}` uses `{name}`, which stands beside it in its layer"))
        }
        Some(_) => Some(format!("`{own}` uses `{name}`, which stands above it")),
        None => Some(format!("`crate::{name}` hides the layer: name the module that it comes from")),
    }
}

fn layer_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|modules| modules.contains(&module))
}

/// The top-level module of bus-core that a file belongs to. The crate root is over all layers; tests are beside them.
fn module_of(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("bus-core/src/")?;
    if inside == "lib.rs" || inside.ends_with("/tests.rs") || inside.contains("/tests/") {
        return None;
    }
    inside.split('/').next().map(|first| first.trim_end_matches(".rs"))
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

/// The first name of every path that begins with `crate::`; of every branch where it branches right there. `$crate` is
/// the crate as its users see it, and a macro of the crate has no layer.
fn collect_paths(tokens: TokenStream, used: &mut Vec<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            collect_paths(group.stream(), used);
        }
        let begins = is_ident(token, "crate")
            && is_punct(tokens.get(at + 1), ':')
            && is_punct(tokens.get(at + 2), ':')
            && !(at > 0 && is_punct(tokens.get(at - 1), '$'));
        match tokens.get(at + 3) {
            Some(TokenTree::Ident(name)) if begins && !is_punct(tokens.get(at + 4), '!') => {
                used.push(name.to_string());
            }
            Some(TokenTree::Group(branches)) if begins => used.extend(first_names(branches.stream())),
            _ => {}
        }
    }
}

/// `{bus::EventBus, event::{Event, Kind}}` gives `bus` and `event`.
fn first_names(branches: TokenStream) -> Vec<String> {
    let mut names = Vec::new();
    let mut at_start = true;
    for token in branches {
        if let (TokenTree::Ident(name), true) = (&token, at_start) {
            names.push(name.to_string());
        }
        at_start = is_punct(Some(&token), ',');
    }
    names
}

fn is_ident(token: &TokenTree, name: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == name)
}

fn is_punct(token: Option<&TokenTree>, sign: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
}

/// The line where the name is used: the first that has it after `crate::`, or the first of a `use` that has it at all.
fn line_of(text: &str, name: &str) -> usize {
    let direct = format!("crate::{name}");
    let find = |part: &str| text.lines().position(|line| line.contains(part)).map(|index| index + 1);
    find(&direct).or_else(|| find(&format!("{name}::"))).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let mut report = Report::default();
        check(path, text, &mut report);
        report.found()
    }

    #[test]
    fn lower_layers_may_be_used() {
        let text =
            "//! A.\nuse crate::event::Event;\nuse crate::bus::EventBus;\nfn f() { crate::object!{} }\n";
        assert!(found("bus-core/src/emit/mod.rs", text).is_empty());
    }

    #[test]
    fn uses_of_layers_above_are_found_with_their_line() {
        let text = "//! A.\nuse std::fmt;\nuse crate::bus::EventBus;\n";
        assert_eq!(found("bus-core/src/event/id.rs", text), ["3: `event` uses `bus`, which stands above it"]);
    }

    #[test]
    fn paths_in_bodies_and_in_braces_count() {
        let text = "//! A.\nfn f() { g(|| crate::history::h()) }\n";
        assert_eq!(
            found("bus-core/src/bus/mod.rs", text),
            ["2: `bus` uses `history`, which stands above it"]
        );
        let text = "//! A.\nuse crate::{\n    event::Event,\n    history::{Ring, Query},\n};\n";
        assert_eq!(
            found("bus-core/src/bus/mod.rs", text),
            ["4: `bus` uses `history`, which stands above it"]
        );
    }

    #[test]
    fn neighbours_and_names_of_the_root_are_found() {
        let text = "//! A.\nuse crate::registry::Catalogue;\nuse crate::EventBus;\n";
        let expected = [
            "2: `event` uses `registry`, which stands beside it in its layer",
            "3: `crate::EventBus` hides the layer: name the module that it comes from",
        ];
        assert_eq!(found("bus-core/src/event/mod.rs", text), expected);
    }

    #[test]
    fn tests_may_use_what_they_like() {
        let text = "//! A.\n#[cfg(test)]\nmod tests { use crate::bus::EventBus; }\n";
        assert!(found("bus-core/src/event/mod.rs", text).is_empty());
        assert!(found("bus-core/src/event/tests.rs", "//! A.\nuse crate::bus::EventBus;\n").is_empty());
        assert!(found("bus-core/tests/order.rs", "//! A.\nuse crate::bus::EventBus;\n").is_empty());
    }

    #[test]
    fn a_module_without_a_layer_is_found() {
        assert_eq!(found("bus-core/src/magic.rs", "//! A.\n").len(), 1);
    }
}
