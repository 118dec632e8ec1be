//! The docs of the derive list every error in `fail/` and `many/`, so that a user can look it up.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};

const DOCS: &str = include_str!("../../bus-macros/src/derive.md");

/// The texts in the tables under "Errors"; `…` stands for anything.
fn catalogue() -> Vec<&'static str> {
    let tables = DOCS.split("\n# Errors\n").nth(1).unwrap();
    let rows = tables.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    rows.flat_map(|cell| cell.split("; ")).collect()
}

/// The first line of each error, except errors of the compiler itself.
fn shown() -> Vec<String> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let folders = files(&tests.join("fail")).into_iter().chain([tests.join("many")]);
    let pinned = folders.flat_map(|folder| files(&folder)).filter(|path| path.extension().unwrap() != "rs");
    let lines = pinned.flat_map(|path| {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    });
    lines.filter_map(|line| Some(line.split_once("error: ")?.1.to_owned())).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// Whether `text` has the parts between the `…` of `pattern` in this order, the first at its
/// beginning.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('…').map(str::trim);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    parts.all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

#[test]
fn every_text_is_in_the_docs() {
    let (catalogue, shown) = (catalogue(), shown());
    assert!(catalogue.len() > 40 && shown.len() > 60, "{} texts, {} errors", catalogue.len(), shown.len());
    for text in shown.iter().filter(|text| !text.starts_with("use of deprecated")) {
        assert!(catalogue.iter().any(|pattern| fits(pattern, text)), "not in the docs of the derive: {text}");
    }
}
