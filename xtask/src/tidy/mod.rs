//! `cargo xtask tidy`: the taste of this house as a test. One rule, one `check_*` function with the rule in prose above it.

mod layers;
mod links;
mod manifests;
mod promises;
mod source;
mod text;

use std::collections::BTreeSet;

use crate::task::{Failure, Task, no_arguments};
use crate::workspace;

pub(crate) const TASK: Task = Task {
    name: "tidy",
    summary: "Check the rules of the house that no compiler knows: length, leftovers, layers, docs.",
    help: "
Usage: cargo xtask tidy

Rules, over all files that git tracks or would track:
  * a source file has at most 400 lines and begins with what it is for (`//!`); no module is a drawer for everything
  * nothing half done: no `todo!`, no `dbg!`, no test left out, no note to mend it later
  * a test waits for what it tests; one that must sleep says why in a comment on that line or the line above
  * no path of one machine; a generated file says which command made it
  * in bus-core each layer uses only the layers below it
  * versions of dependencies stand once, in the root manifest; each crate takes the lints of the workspace
  * each test that docs/guarantees.md names is there, and each link in a Markdown file leads somewhere

Exit code: 0 if the house is tidy, 1 with a line `file:line: what` for each thing that is not.",
    run: |parser| no_arguments(parser).and_then(|()| check()),
};

/// What the rules found. A set: one place breaks one rule once, and the lines come out sorted.
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

pub(crate) fn check() -> Result<(), Failure> {
    let mut report = Report::default();
    let files = workspace::files()?;
    let (count, root) = (files.len(), workspace::root());
    let texts: Vec<(String, String)> =
        files.into_iter().filter_map(|file| file.text().map(|text| (file.path, text))).collect();
    for (path, text) in &texts {
        text::check(path, text, &mut report);
        manifests::check(path, text, &mut report);
        links::check(path, text, &|path| root.join(path).exists(), &mut report);
        if is_own_source(path) {
            source::check(path, text, &mut report);
            layers::check(path, text, &mut report);
        }
    }
    promises::check(&texts, &mut report);
    for (path, line, what) in &report.lines {
        match line {
            0 => println!("{path}: {what}"),
            line => println!("{path}:{line}: {what}"),
        }
    }
    match report.lines.len() {
        0 => println!("tidy: {count} files, nothing to mend"),
        found => return Err(Failure::found(format!("tidy: {found} things to mend in {count} files"))),
    }
    Ok(())
}

/// Rust source that a person wrote for reading: not what a tool wrote, and not the programs that are wrong on purpose.
fn is_own_source(path: &str) -> bool {
    let made = ["fail", "pass", "snapshots", "expected", "generated"];
    text::has_extension(path, "rs") && !path.split('/').any(|part| made.contains(&part))
}
