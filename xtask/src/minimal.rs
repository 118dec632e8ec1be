//! `cargo xtask minimal`: builds our crates with the oldest version that each of their manifests
//! allows.

use std::fs;
use std::path::Path;

use crate::process::{cargo, cargo_in, run};
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
    // The flag needs an unstable cargo, and this variable unlocks it on a stable one. Only the
    // resolver gets it: a build that sees it would take the code paths for nightly compilers.
    run(cargo()
        .current_dir(&scratch)
        .args(["-Z", "direct-minimal-versions", "generate-lockfile"])
        .env("RUSTC_BOOTSTRAP", "1"))?;
    let mut build = cargo_in(&scratch, &target);
    build.args(["check", "--locked", "--lib"]);
    for package in workspace::published(&workspace::metadata(false)?) {
        build.args(["--package", package["name"].as_str().unwrap_or_default()]);
    }
    run(&mut build)
}

/// Copies the files that git knows, except the lock file, which is made anew.
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
