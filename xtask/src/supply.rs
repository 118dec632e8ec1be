//! `cargo xtask supply`: every dependency has an accepted licence, comes from the registry, and has
//! one version.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use crate::process::{cargo, read, run};
use crate::task::{Failure, Task, no_arguments};
use crate::workspace;

/// The version that the rules in `deny.toml` were written for.
const INSTALL: &str = "cargo install cargo-deny --version 0.20.2 --locked";

pub(crate) const TASK: Task = Task {
    name: "supply",
    summary: "Check licences, sources and duplicate versions of all dependencies (deny.toml).",
    help: "
Usage: cargo xtask supply

Runs cargo-deny over the lock file with the rules of deny.toml. Advisories are checked too if cargo-deny's copy of the
advisory database is on this machine (`cargo deny fetch db` brings it). Without cargo-deny the check is left out and
says so: `cargo install cargo-deny --version 0.20.2 --locked` installs it.

Then compares the tree of bus-core with the tables of docs/design.md, which give a reason for each crate in it.

Exit code: 0 if nothing is wrong or cargo-deny is not installed, 1 if something is wrong.",
    run: |parser| no_arguments(parser).and_then(|()| check()),
};

pub(crate) fn check() -> Result<(), Failure> {
    let rules = check_rules();
    rules.and(check_reasons())
}

fn check_rules() -> Result<(), Failure> {
    let installed =
        cargo().args(["deny", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    if !installed.success() {
        println!("left out: cargo-deny is not installed; `{INSTALL}` installs it");
        return Ok(());
    }
    let mut deny = cargo();
    deny.args(["deny", "--locked", "check", "bans", "licenses", "sources"]);
    if advisories_at_hand() {
        deny.arg("advisories");
    } else {
        println!("advisories are left out: their database is not here; `cargo deny fetch db` brings it");
    }
    run(&mut deny)
}

/// Checks that docs/design.md gives a reason for each crate that a user of bus-core builds.
fn check_reasons() -> Result<(), Failure> {
    let tree = read(
        cargo()
            .args(["tree", "--locked", "--package", workspace::CORE, "--edges", "normal"])
            .args(["--prefix", "none", "--format", "{p}"]),
    )?;
    let page = fs::read_to_string(workspace::root().join("docs/design.md"))?;
    let missing = without_reason(&tree, &page);
    if missing.is_empty() {
        println!("docs/design.md has a reason for each crate of bus-core's tree");
        return Ok(());
    }
    Err(Failure::found(format!(
        "docs/design.md has no reason for these crates, add a line for each: {}",
        missing.join(", ")
    )))
}

fn without_reason<'a>(tree: &'a str, page: &str) -> Vec<&'a str> {
    let rows = || page.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let names = tree
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != workspace::CORE);
    let mut missing: Vec<&str> =
        names.filter(|name| !rows().any(|cell| cell.contains(&format!("`{name}`")))).collect();
    missing.sort_unstable();
    missing.dedup();
    missing
}

/// cargo-deny keeps its copy of the database in cargo's home, unless deny.toml says otherwise.
fn advisories_at_hand() -> bool {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    home.is_some_and(|home| home.join("advisory-dbs").is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_without_a_reason_is_named() {
        let tree = "agent-events-core v0.1.0\nserde v1.0.0\nserde_core v1.0.0\nserde_core v1.0.0 (*)\n";
        assert_eq!(
            without_reason(tree, "| `serde` | fields |\nserde_core is `serde_core`\n"),
            ["serde_core"]
        );
    }

    #[test]
    fn help_and_rules_name_the_same_version() {
        assert!(TASK.help.contains(INSTALL));
        let script = std::fs::read_to_string(workspace::root().join(".ci/run")).unwrap();
        assert!(script.contains(INSTALL), "`.ci/run` installs another version");
    }
}
