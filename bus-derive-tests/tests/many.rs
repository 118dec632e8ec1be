//! All mistakes of a file are reported in one compile, each once.
//!
//! `fail/` has one mistake in each file, with the whole text of its error. The files here have
//! several, or one that the compiler adds many notes to. The `.errors` beside a file has each error
//! with its position: not one more than there are mistakes. After an intended change:
//! `UPDATE_EXPECT=1 cargo test -p bus-derive-tests --test many`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod project;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use expect_test::expect_file;
use serde_json::Value;

const HERE: &str = env!("CARGO_MANIFEST_DIR");

#[test]
#[cfg_attr(other_compiler, ignore = "the texts are those of the `rust-version` in Cargo.toml")]
fn mistakes_are_reported_all_at_once_and_once_each() {
    let files = files();
    let mut errors = errors(&project(&files));
    for (name, path) in &files {
        let found = errors.remove(name).unwrap_or_default();
        let text = std::fs::read_to_string(path).unwrap();
        // The first line of a file has the number of its mistakes.
        let announced = text.lines().next().unwrap().rsplit(": ").next().unwrap();
        let plural = if found.len() == 1 { "" } else { "s" };
        assert_eq!(announced, format!("{} error{plural}.", found.len()), "{name}: {found:#?}");
        expect_file![path.with_extension("errors")].assert_eq(&(found.join("\n") + "\n"));
    }
}

/// The files by name.
fn files() -> BTreeMap<String, PathBuf> {
    let entries = std::fs::read_dir(Path::new(HERE).join("tests/many")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let sources = paths.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    sources.map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), path)).collect()
}

/// A crate with a binary for each file.
fn project(files: &BTreeMap<String, PathBuf>) -> PathBuf {
    let binary = |(name, path): (&String, &PathBuf)| project::Binary {
        name: name.clone(),
        path: path.clone(),
        edition: "2024",
    };
    project::create("many", &files.iter().map(binary).collect::<Vec<_>>())
}

/// The errors of each binary, in the order of the file: line, column, code and text.
fn errors(folder: &Path) -> BTreeMap<String, Vec<String>> {
    let output = project::cargo(folder, &["check", "--keep-going", "--bins", "--message-format=json"]);
    let lines = String::from_utf8(output.stdout).unwrap();
    let mut errors: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for line in lines.lines() {
        let message: Value = serde_json::from_str(line).unwrap();
        if let Some(error) = error(&message["message"]) {
            errors.entry(message["target"]["name"].as_str().unwrap().to_owned()).or_default().push(error);
        }
    }
    assert!(!errors.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    errors.into_iter().map(|(name, errors)| (name, in_order(errors))).collect()
}

/// The position and text of an error; `None` for a warning and for the summary line.
fn error(message: &Value) -> Option<((u64, u64), String)> {
    let spans = message["spans"].as_array()?;
    let at = spans.iter().find(|span| span["is_primary"] == true)?;
    let place = (at["line_start"].as_u64()?, at["column_start"].as_u64()?);
    let code = message["code"]["code"].as_str().map(|code| format!("[{code}]")).unwrap_or_default();
    let text = format!("error{code}: {}", message["message"].as_str()?);
    (message["level"] == "error").then_some((place, text))
}

fn in_order(mut errors: Vec<((u64, u64), String)>) -> Vec<String> {
    errors.sort();
    errors.into_iter().map(|((line, column), text)| format!("{line}:{column}: {text}")).collect()
}
