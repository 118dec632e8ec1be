//! `cargo xtask supply`: what we depend on has a licence we can pass on, comes from the registry, and is there once.

use std::path::PathBuf;
use std::process::Stdio;

use crate::process::{cargo, run};
use crate::task::{Failure, Task, no_arguments};

/// Its rules are in `deny.toml`; the version is the one that read them when they were written.
const INSTALL: &str = "cargo install cargo-deny --version 0.20.2 --locked";

pub(crate) const TASK: Task = Task {
    name: "supply",
    summary: "Check licences, sources and duplicate versions of all dependencies (deny.toml).",
    help: "
Usage: cargo xtask supply

Runs cargo-deny over the lock file with the rules of deny.toml. Advisories are checked too if cargo-deny's copy of the
advisory database is on this machine (`cargo deny fetch db` brings it). Without cargo-deny the check is left out and
says so: `cargo install cargo-deny --version 0.20.2 --locked` installs it.

Exit code: 0 if nothing is wrong or cargo-deny is not installed, 1 if something is wrong.",
    run: |parser| no_arguments(parser).and_then(|()| check()),
};

pub(crate) fn check() -> Result<(), Failure> {
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
    fn help_and_rules_name_the_same_version() {
        assert!(TASK.help.contains(INSTALL));
        let script = std::fs::read_to_string(crate::workspace::root().join(".ci/run")).unwrap();
        assert!(script.contains(INSTALL), "`.ci/run` installs another version");
    }
}
