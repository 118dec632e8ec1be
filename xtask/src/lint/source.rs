//! Rules for Rust source that people read.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Item};

use super::Report;
use super::text::{line_of, numbered};

/// A longer file has two subjects.
const MOST_LINES: usize = 400;

/// Names that do not say the purpose of the module.
const VAGUE_NAMES: &[&str] = &["utils", "util", "helpers", "helper", "misc", "common"];

pub(super) fn check(path: &str, text: &str, report: &mut Report) {
    check_length(path, text, report);
    check_module_docs(path, text, report);
    check_name(path, report);
    check_sleeps(path, text, report);
    check_notes(path, text, report);
    match syn::parse_file(text) {
        Ok(file) => check_leftovers(path, text, &file.items, report),
        Err(error) => report.add(path, 0, format!("is not Rust: {error}")),
    }
}

/// A file has at most 400 lines.
fn check_length(path: &str, text: &str, report: &mut Report) {
    let lines = text.lines().count();
    if lines > MOST_LINES {
        report.add(
            path,
            0,
            format!("{lines} lines; the most is {MOST_LINES}: split it where the subject changes"),
        );
    }
}

/// A file begins with `//!` lines that state its purpose; the name of `tests.rs` beside a module
/// does.
fn check_module_docs(path: &str, text: &str, report: &mut Report) {
    if path.ends_with("/tests.rs") {
        return;
    }
    let first = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with("#!"));
    if !first.is_some_and(|line| line.starts_with("//!")) {
        report.add(path, 1, "begins without `//!`: state the purpose of the module");
    }
}

/// The name of a module says its subject.
fn check_name(path: &str, report: &mut Report) {
    let named = path.trim_end_matches(".rs").trim_end_matches("/mod").rsplit('/').next().unwrap_or_default();
    // `tests/common` is how cargo shares code between integration tests, so the name has a meaning
    // there.
    let shared_by_tests = named == "common" && path.contains("/tests/");
    if VAGUE_NAMES.contains(&named) && !shared_by_tests {
        report.add(path, 0, format!("a module named `{named}` has no subject: name it for its subject"));
    }
}

/// A test waits for the event itself; one that must sleep has a comment with the reason, on that
/// line or right above.
fn check_sleeps(path: &str, text: &str, report: &mut Report) {
    let mut in_tests = path.contains("/tests/");
    let mut above = "";
    for (number, line) in numbered(text) {
        in_tests |= line.trim() == "#[cfg(test)]";
        let code = line.split("//").next().unwrap_or_default();
        let commented = line.contains("//") || above.trim_start().starts_with("//");
        if in_tests && code.contains("sleep(") && !code.contains("fn ") && !commented {
            report.add(
                path,
                number,
                "sleeps in a test without a comment with the reason: wait for the event instead",
            );
        }
        above = line;
    }
}

/// Unfinished work is an issue, not a note in the source.
fn check_notes(path: &str, text: &str, report: &mut Report) {
    let words = [concat!("FIX", "ME"), concat!("XX", "X"), concat!("TO", "DO")];
    for (number, line) in numbered(text) {
        let comment = line.split_once("//").map_or("", |(_, comment)| comment);
        if let Some(word) = words.iter().find(|word| has_word(comment, word)) {
            report.add(path, number, format!("a note `{word}`: do the work, or file an issue"));
        }
    }
}

/// Whether the line has the word as a whole.
fn has_word(line: &str, word: &str) -> bool {
    line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == word)
}

/// No macro that stands for missing code or prints for debugging, and no test that is left out.
fn check_leftovers(path: &str, text: &str, items: &[Item], report: &mut Report) {
    for item in items {
        find_macros(item.to_token_stream(), &mut |name| {
            let line = line_of(text, &format!("{name}!"));
            report.add(path, line, format!("`{name}!` is left: write the code, or remove it"));
        });
        find_left_out_tests(item, &mut || {
            let line = line_of(text, concat!("#[ig", "nore"));
            report.add(path, line, "a test is left out: repair it, or remove it and file an issue");
        });
    }
}

/// Calls `found` for each `todo!`, `unimplemented!` or `dbg!` in the tokens, at any depth.
fn find_macros(tokens: TokenStream, found: &mut dyn FnMut(&str)) {
    let mut before = String::new();
    for token in tokens {
        match &token {
            TokenTree::Group(group) => find_macros(group.stream(), found),
            TokenTree::Punct(punct)
                if punct.as_char() == '!' && ["todo", "unimplemented", "dbg"].contains(&before.as_str()) =>
            {
                found(&before);
            }
            _ => {}
        }
        before = if let TokenTree::Ident(ident) = &token { ident.to_string() } else { String::new() };
    }
}

fn find_left_out_tests(item: &Item, found: &mut dyn FnMut()) {
    let is_left_out = |attribute: &Attribute| attribute.path().is_ident("ignore");
    match item {
        Item::Fn(function) if function.attrs.iter().any(is_left_out) => found(),
        Item::Mod(module) => {
            for item in module.content.iter().flat_map(|(_, items)| items) {
                find_left_out_tests(item, found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        super::super::found(check, path, text)
    }

    #[test]
    fn clean_source_passes() {
        let quoted = |name: &str| format!("\"{name}!(1)\"");
        let (doc, code) = (quoted("todo"), quoted("dbg"));
        let text = format!(
            "//! What it is for.\n\n/// Says {doc} in a text.\nfn f() -> &'static str {{ {code} }}\n"
        );
        assert!(found("bus-core/src/emit/mod.rs", &text).is_empty());
    }

    #[test]
    fn long_files_are_found() {
        let text = format!("//! Long.\n{}", "fn f() {}\n".repeat(400));
        assert_eq!(
            found("a/src/b.rs", &text),
            ["0: 401 lines; the most is 400: split it where the subject changes"]
        );
    }

    #[test]
    fn missing_docs_and_vague_names_are_found() {
        assert_eq!(
            found("a/src/b.rs", "fn f() {}\n"),
            ["1: begins without `//!`: state the purpose of the module"]
        );
        assert_eq!(found("a/src/utils/mod.rs", "//! Things.\n").len(), 1);
        assert_eq!(found("a/src/util.rs", "//! Things.\n").len(), 1);
        assert!(found("a/src/b/tests.rs", "use super::*;\n").is_empty());
        assert!(found("a/tests/common/mod.rs", "//! What several tests share.\n").is_empty());
    }

    #[test]
    fn leftovers_are_found_however_deep() {
        let macros = ["todo", "unimplemented", "dbg"];
        for name in macros {
            let text = format!("//! A.\nfn f() {{\n    if true {{ vec![{name}!(\"x\")]; }}\n}}\n");
            assert_eq!(
                found("a/src/b.rs", &text),
                [format!("3: `{name}!` is left: write the code, or remove it")]
            );
        }
        let text = format!(
            "//! A.\nmod tests {{\n    #[test]\n    #[{} = \"slow\"]\n    fn f() {{}}\n}}\n",
            concat!("ig", "nore")
        );
        assert_eq!(
            found("a/src/b.rs", &text),
            ["4: a test is left out: repair it, or remove it and file an issue"]
        );
    }

    #[test]
    fn notes_are_found_in_comments_only() {
        let text =
            format!("//! A.\n// {}: later\nconst {}: u8 = 1;\n", concat!("TO", "DO"), concat!("TO", "DO"));
        assert_eq!(found("a/src/b.rs", &text).len(), 1);
    }

    #[test]
    fn sleeps_in_tests_need_a_reason() {
        let nap = concat!("sle", "ep(d);");
        assert_eq!(found("a/tests/b.rs", &format!("//! A.\nfn f() {{\n    {nap}\n}}\n")).len(), 1);
        assert_eq!(
            found("a/src/b.rs", &format!("//! A.\n#[cfg(test)]\nmod tests {{\n    fn f() {{\n{nap}\n}}}}\n"))
                .len(),
            1
        );
        assert!(
            found(
                "a/tests/b.rs",
                &format!("//! A.\nfn f() {{\n    {nap} // the clock itself is tested\n}}\n")
            )
            .is_empty()
        );
        assert!(
            found("a/tests/b.rs", &format!("//! A.\nfn f() {{\n    // the clock is tested\n    {nap}\n}}\n"))
                .is_empty()
        );
        assert!(found("a/src/b.rs", &format!("//! A.\nfn f() {{ {nap} }}\n")).is_empty());
    }
}
