//! The program of the benchmarks without the peers, built with the bus of this folder or of another
//! revision.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::process::{cargo_in, read, run};
use crate::task::Failure;
use crate::workspace;

/// The program built with the bus of this folder.
pub(super) fn own() -> Result<PathBuf, Failure> {
    // A target folder of its own: the one of `cargo xtask bench` has the peers in the same program.
    let target = workspace::target_folder()?.join("against/own");
    build(&workspace::root(), &target, true)
}

/// The program built with the bus of another revision. Its own sources are those of this folder, so
/// that both programs do the same work. The revision is unpacked below the target folder and stays
/// there for the next time.
pub(super) fn of_revision(revision: &str) -> Result<PathBuf, Failure> {
    let commit = format!("{revision}^{{commit}}");
    let mut parse = git(&["rev-parse", "--verify", "--quiet", &commit]);
    let hash = read(&mut parse)
        .map_err(|_| Failure::usage(format!("git knows no revision `{revision}`; `git log` lists them")))?;
    let tree = workspace::target_folder()?.join("against").join(hash.trim());
    if !tree.join("bus-core").exists() {
        unpack(hash.trim(), &tree)?;
    }
    copy_sources(&tree)?;
    use_older_names(&tree)?;
    build(&tree, &tree.join("bench/target"), false)
}

/// The files of a commit, written into a folder.
fn unpack(commit: &str, tree: &Path) -> Result<(), Failure> {
    fs::create_dir_all(tree)?;
    let archive = tree.join("archive.tar");
    run(git(&["archive", "--format=tar", commit, "--output"]).arg(&archive))?;
    run(Command::new("tar").arg("-xf").arg(&archive).arg("-C").arg(tree))?;
    fs::remove_file(archive)?;
    Ok(())
}

/// Replaces the revision's benchmarks by this folder's, the versions of dependencies included. A
/// file that is already the same is left alone, so that a second build has nothing to do.
fn copy_sources(tree: &Path) -> Result<(), Failure> {
    let root = workspace::root();
    let own: Vec<_> =
        workspace::files()?.into_iter().filter(|file| file.path.starts_with("bench/")).collect();
    for old in rust_files(&tree.join("bench/src"))? {
        let path = old.strip_prefix(tree).unwrap_or(&old);
        if !own.iter().any(|file| Path::new(&file.path) == path) {
            fs::remove_file(old)?;
        }
    }
    for file in own {
        let (from, to) = (fs::read(root.join(&file.path))?, tree.join(&file.path));
        if fs::read(&to).ok().as_ref() != Some(&from) {
            to.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::write(to, from)?;
        }
    }
    Ok(())
}

/// A revision from before its packages were named `agent-events-…`: there a package has the name of
/// its folder, so the benchmarks' manifest may not name another one.
fn use_older_names(tree: &Path) -> Result<(), Failure> {
    let package = format!("name = \"{}\"", workspace::CORE);
    if !fs::read_to_string(tree.join("bus-core/Cargo.toml"))?.contains(&package) {
        let manifest = tree.join("bench/Cargo.toml");
        let text = fs::read_to_string(&manifest)?;
        let lines = text.lines().map(|line| match line.split_once("package = \"agent-events-") {
            Some((key, rest)) => format!("{key}{}\n", rest.split_once(", ").map_or(rest, |(_, path)| path)),
            None => format!("{line}\n"),
        });
        fs::write(manifest, lines.collect::<String>())?;
    }
    Ok(())
}

fn rust_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    if folder.exists() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                files.extend(rust_files(&path)?);
            } else {
                files.push(path);
            }
        }
    }
    Ok(files)
}

fn build(tree: &Path, target: &Path, locked: bool) -> Result<PathBuf, Failure> {
    let mut command = cargo_in(tree, target);
    command.args(["build", "--release", "--manifest-path", "bench/Cargo.toml"]);
    command.args(["--bin", "bench", "--no-default-features"]);
    if locked {
        command.arg("--locked");
    }
    run(&mut command)?;
    Ok(target.join("release").join(format!("bench{}", std::env::consts::EXE_SUFFIX)))
}

fn git(arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.current_dir(workspace::root()).stdin(Stdio::null()).args(arguments);
    command
}
