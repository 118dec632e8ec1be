//! `cargo xtask minimal`: our crates build with the oldest version that each of their manifests allows.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::process::{cargo, run};
use crate::task::{Failure, Task, no_arguments};
use crate::workspace;

pub(crate) const TASK: Task = Task {
    name: "minimal",
    summary: "Build the published crates with the oldest dependencies that their manifests allow.",
    help: "
Usage: cargo xtask minimal

Copies the workspace to the target folder, resolves each direct dependency to the oldest version that its requirement
allows, and checks every crate that is published with them. Needs the registry.

Exit code: 0 if all built, 1 if not.",
    run: |parser| no_arguments(parser).and_then(|()| check()),
};

pub(crate) fn check() -> Result<(), Failure> {
    let target = workspace::target_folder()?;
    let scratch = target.join("minimal-versions");
    copy_workspace(&scratch)?;
    // The flag is for unstable cargos only, and this variable opens it on a stable one. It goes to the resolver alone: a
    // build that sees it would take crates' code paths for nightly compilers.
    run(cargo()
        .current_dir(&scratch)
        .args(["-Z", "direct-minimal-versions", "generate-lockfile"])
        .env("RUSTC_BOOTSTRAP", "1"))?;
    let mut build = cargo();
    build.current_dir(&scratch).env("CARGO_TARGET_DIR", &target).args(["check", "--locked", "--lib"]);
    for package in published(&workspace::metadata(false)?) {
        build.args(["--package", &package]);
    }
    run(&mut build)
}

/// The crates that others depend on; what only we run (tests, examples, tasks: `publish = false`) may ask for what it likes.
fn published(metadata: &Value) -> Vec<String> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let for_others = packages.filter(|package| package["publish"].is_null());
    for_others.filter_map(|package| package["name"].as_str().map(str::to_owned)).collect()
}

/// The files that git knows, but the lock file: it is to be made anew.
fn copy_workspace(scratch: &Path) -> Result<(), Failure> {
    if scratch.exists() {
        fs::remove_dir_all(scratch)?;
    }
    let root = workspace::root();
    for file in workspace::files()?.iter().filter(|file| file.path != "Cargo.lock") {
        let to = scratch.join(&file.path);
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::copy(root.join(&file.path), to)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_we_run_is_not_published() {
        let metadata = serde_json::json!({ "packages": [
            { "name": "bus-core", "publish": null },
            { "name": "xtask", "publish": [] },
        ] });
        assert_eq!(published(&metadata), ["bus-core"]);
    }
}
