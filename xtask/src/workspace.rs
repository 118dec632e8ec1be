//! Facts about the workspace: its root, its files and its packages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::process;
use crate::task::Failure;

/// The package of the bus: its folder is `bus-core`, its library `bus_core`.
pub(crate) const CORE: &str = "agent-events-core";

/// The folder of the workspace's `Cargo.toml`. Cargo passes xtask's folder at each run, so a moved
/// clone is found.
pub(crate) fn root() -> PathBuf {
    let xtask = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    xtask.parent().map(Path::to_path_buf).unwrap_or(xtask)
}

/// The target folder of this workspace.
pub(crate) fn target_folder() -> Result<PathBuf, Failure> {
    let metadata = metadata(false)?;
    metadata["target_directory"]
        .as_str()
        .map(PathBuf::from)
        .ok_or_else(|| Failure::found("cargo names no target folder"))
}

/// The output of `cargo metadata`. `with_dependencies` resolves the whole graph, which the lock
/// file must allow.
pub(crate) fn metadata(with_dependencies: bool) -> Result<Value, Failure> {
    let mut command = process::cargo();
    command.args(["metadata", "--format-version", "1"]);
    if with_dependencies {
        command.arg("--locked")
    } else {
        command.arg("--no-deps")
    };
    serde_json::from_str(&process::read(&mut command)?)
        .map_err(|error| Failure::found(format!("`cargo metadata` could not be read: {error}")))
}

/// The crates that others depend on. Crates that only we run have `publish = false`.
pub(crate) fn published(metadata: &Value) -> impl Iterator<Item = &Value> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    packages.filter(|package| package["publish"].is_null())
}

/// A file of the repository: its path from the root, with `/` between the parts.
pub(crate) struct File {
    pub(crate) path: String,
}

impl File {
    /// The file's text, or `None` if it is not UTF-8 (a picture, an archive).
    pub(crate) fn text(&self) -> Option<String> {
        fs::read(root().join(&self.path)).ok().and_then(|bytes| String::from_utf8(bytes).ok())
    }
}

/// Every file that git tracks or would track, sorted.
pub(crate) fn files() -> Result<Vec<File>, Failure> {
    let listed = process::read(
        Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"])
            .current_dir(root()),
    )?;
    let mut paths: Vec<String> = listed.split_terminator('\0').map(str::to_owned).collect();
    paths.sort_unstable();
    Ok(paths.into_iter().filter(|path| root().join(path).is_file()).map(|path| File { path }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_that_only_we_run_are_not_published() {
        let metadata = serde_json::json!({ "packages": [
            { "name": "agent-events-core", "publish": null },
            { "name": "xtask", "publish": [] },
        ] });
        let names: Vec<_> = published(&metadata).map(|package| &package["name"]).collect();
        assert_eq!(names, ["agent-events-core"]);
    }
}
