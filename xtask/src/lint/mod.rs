//! `cargo xtask lint`: the style of this repository as a test. One rule, one `check_*` function
//! with the rule in prose above it.

mod comments;
mod layers;
mod links;
mod manifests;
mod paths;
mod promises;
mod source;
mod text;
mod words;

use std::collections::BTreeSet;

use crate::task::{Failure, Task, no_arguments};
use crate::workspace;

pub(crate) const TASK: Task = Task {
    name: "lint",
    summary: "Check the rules that no compiler knows: length, words, leftovers, layers, docs.",
    help: "
Usage: cargo xtask lint

Rules, over all files that git tracks or would track:
  * a source file has at most 400 lines, begins with its purpose (`//!`), and is not named `utils`
  * a comment line ends at 100 columns; its sentences begin with their subject, not with What, Who or Of
  * one vocabulary: no word of an earlier one, in code, prose or a file name (xtask/src/lint/words.rs)
  * nothing unfinished: no `todo!`, no `dbg!`, no test left out, no note to mend it later
  * a test waits for the event itself; one that sleeps says why in a comment on that line or above
  * no path of one machine; a generated file names the command that made it
  * in bus-core, inside of its delivery core, and in bus-docs, each layer uses only the layers below it
  * versions of dependencies stand once, in the root manifest; each crate takes the workspace's lints
  * a published crate has a description, keywords, categories, settings for docs.rs, a readme and both licences
  * each test that docs/guarantees.md names exists, and so does the target of each Markdown link

Exit code: 0 if no rule is broken, 1 with a line `file:line: problem` for each place that breaks one.",
    run: |parser| no_arguments(parser).and_then(|()| check()),
};

/// The problems found. A set, so that one place breaks one rule once and the lines come out sorted.
#[derive(Default)]
pub(crate) struct Report {
    lines: BTreeSet<(String, usize, String)>,
}

impl Report {
    /// `line` counts from 1; 0 stands for the file as a whole.
    fn add(&mut self, path: &str, line: usize, what: impl Into<String>) {
        self.lines.insert((path.to_owned(), line, what.into()));
    }

    #[cfg(test)]
    fn found(&self) -> Vec<String> {
        self.lines.iter().map(|(_, line, what)| format!("{line}: {what}")).collect()
    }
}

/// The findings of one rule in one file, with their lines.
#[cfg(test)]
fn found(check: fn(&str, &str, &mut Report), path: &str, text: &str) -> Vec<String> {
    let mut report = Report::default();
    check(path, text, &mut report);
    report.found()
}

pub(crate) fn check() -> Result<(), Failure> {
    let mut report = Report::default();
    let files = workspace::files()?;
    let (count, root) = (files.len(), workspace::root());
    let texts: Vec<(String, String)> =
        files.into_iter().filter_map(|file| file.text().map(|text| (file.path, text))).collect();
    for (path, text) in &texts {
        text::check(path, text, &mut report);
        words::check(path, text, &mut report);
        manifests::check(path, text, &mut report);
        manifests::check_published(path, text, &|path| root.join(path).exists(), &mut report);
        links::check(path, text, &|path| root.join(path).exists(), &mut report);
        if is_own_source(path) {
            source::check(path, text, &mut report);
            layers::check(path, text, &mut report);
            comments::check(path, text, &mut report);
        }
    }
    promises::check(&texts, &mut report);
    let paths: Vec<&str> = texts.iter().map(|(path, _)| path.as_str()).collect();
    words::check_exceptions(&paths, &mut report);
    for (path, line, what) in &report.lines {
        match line {
            0 => println!("{path}: {what}"),
            line => println!("{path}:{line}: {what}"),
        }
    }
    match report.lines.len() {
        0 => println!("lint: {count} files, no problems"),
        found => return Err(Failure::found(format!("lint: {found} problems in {count} files"))),
    }
    Ok(())
}

/// Rust source that a person wrote for reading: no output of a tool, and no program that is wrong
/// on purpose.
fn is_own_source(path: &str) -> bool {
    let made = ["fail", "pass", "snapshots", "expected", "generated"];
    text::has_extension(path, "rs") && !path.split('/').any(|part| made.contains(&part))
}
