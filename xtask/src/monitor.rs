//! `cargo xtask monitor`: builds the page of bus-web from its sources, or checks that it is built.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use crate::process::run;
use crate::task::{Failure, Task};
use crate::workspace;

const SOURCES: &str = "bus-web/ui";
const OUTPUTS: &str = "bus-web/assets";
const MANIFEST: &str = "manifest.txt";
const FILES: [&str; 3] = ["index.html", "monitor.css", "monitor.js"];

pub(crate) const TASK: Task = Task {
    name: "monitor",
    summary: "Build the page of bus-web, or check that it is what its sources give.",
    help: "
Usage: cargo xtask monitor [--check]

Installs the pinned tools of bus-web/ui with npm, checks the types, lints, and writes bus-web/assets: the page, and a
manifest with the SHA-256 of each source and each output.

  --check   writes nothing: compares the hashes with the files, and, if Node.js is installed, a fresh build with the
            committed one, byte by byte

Exit code: 0 if the page is built or fits, 1 if not.",
    run: |mut parser| {
        let mut check = false;
        while let Some(argument) = parser.next()? {
            match argument {
                lexopt::Arg::Long("check") => check = true,
                other => return Err(other.unexpected().into()),
            }
        }
        if check { self::check() } else { build() }
    },
};

fn build() -> Result<(), Failure> {
    let outputs = workspace::root().join(OUTPUTS);
    fs::create_dir_all(&outputs)?;
    bundle(&outputs)?;
    fs::write(outputs.join(MANIFEST), manifest()?)?;
    println!("{OUTPUTS} is what {SOURCES} gives");
    Ok(())
}

/// Compares without writing. The hashes need no other program.
pub(crate) fn check() -> Result<(), Failure> {
    let outputs = workspace::root().join(OUTPUTS);
    let (committed, actual) = (fs::read_to_string(outputs.join(MANIFEST))?, manifest()?);
    let differs = different(&committed, &actual);
    if !differs.is_empty() {
        return Err(Failure::found(format!(
            "these files are not those of {OUTPUTS}/{MANIFEST}, run `cargo xtask monitor`: {}",
            differs.join(", ")
        )));
    }
    println!("{OUTPUTS}/{MANIFEST} has the hashes of all sources and outputs");
    if !is_node_here() {
        println!("left out: a fresh build of the page, Node.js is not installed");
        return Ok(());
    }
    let fresh = workspace::root().join("target/monitor/fresh");
    fs::create_dir_all(&fresh)?;
    bundle(&fresh)?;
    for file in FILES {
        if fs::read(fresh.join(file))? != fs::read(outputs.join(file))? {
            return Err(Failure::found(format!(
                "{OUTPUTS}/{file} is not what {SOURCES} gives, run `cargo xtask monitor`"
            )));
        }
    }
    println!("a fresh build has the same bytes");
    Ok(())
}

/// Builds into a folder with the tools of the lock file.
fn bundle(folder: &Path) -> Result<(), Failure> {
    let tools = workspace::root().join("target/monitor/ui");
    fs::create_dir_all(&tools)?;
    copy(&workspace::root().join(SOURCES), &tools)?;
    let npm = |arguments: &[&str]| {
        run(Command::new("npm").args(arguments).current_dir(&tools).stdin(Stdio::null()))
    };
    let pins = fs::read(tools.join("package-lock.json"))?;
    let installed = tools.join("node_modules/pins");
    if fs::read(&installed).ok().as_ref() != Some(&pins) {
        npm(&["ci", "--ignore-scripts", "--silent"])?;
        fs::write(installed, &pins)?;
    }
    npm(&["run", "--silent", "check"])?;
    run(Command::new("node").arg("build.mjs").arg(folder).current_dir(&tools).stdin(Stdio::null()))
}

/// Copies the sources to where the tools are installed, so that the work tree stays as it is.
fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    let _ = fs::remove_dir_all(to.join("src"));
    for file in files(from)? {
        let target = to.join(&file);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::copy(from.join(&file), target)?;
    }
    Ok(())
}

fn is_node_here() -> bool {
    let version = Command::new("node").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

/// One line a file: its hash and its path.
fn manifest() -> Result<String, Failure> {
    let mut text = String::new();
    let root = workspace::root();
    let sources = files(&root.join(SOURCES))?.into_iter().map(|file| Path::new(SOURCES).join(file));
    let outputs = FILES.iter().map(|file| Path::new(OUTPUTS).join(file));
    for file in sources.chain(outputs) {
        let hash = Sha256::digest(fs::read(root.join(&file))?);
        hash.iter().for_each(|byte| {
            let _ = write!(text, "{byte:02x}");
        });
        let _ = writeln!(text, "  {}", file.display());
    }
    Ok(text)
}

/// The files below a folder, in the order of their names, without what npm installs there.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.file_name().is_some_and(|name| name == "node_modules") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(inside) = path.strip_prefix(folder) {
                found.push(inside.to_owned());
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// The paths whose lines differ.
fn different(committed: &str, actual: &str) -> Vec<String> {
    let lines = |text: &str| -> BTreeMap<String, String> {
        let lines = text.lines().filter_map(|line| line.split_once("  "));
        lines.map(|(hash, path)| (path.to_owned(), hash.to_owned())).collect()
    };
    let (committed, actual) = (lines(committed), lines(actual));
    let mut paths: Vec<String> = committed.keys().chain(actual.keys()).cloned().collect();
    paths.sort_unstable();
    paths.dedup();
    paths.retain(|path| committed.get(path) != actual.get(path));
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_is_that_of_the_files() {
        let committed = fs::read_to_string(workspace::root().join(OUTPUTS).join(MANIFEST)).unwrap();
        assert_eq!(different(&committed, &manifest().unwrap()), Vec::<String>::new());
    }

    #[test]
    fn changed_new_and_lost_files_are_named() {
        let differs = different("1  a\n2  b\n3  c\n", "1  a\n9  b\n4  d\n");
        assert_eq!(differs, ["b", "c", "d"]);
    }
}
