//! The list of files in a package.

use std::fs;
use std::path::Path;

use super::{Folders, Package};
use crate::task::Failure;
use crate::workspace;

/// The files that each package has, apart from its sources.
const NEEDED: [&str; 4] = ["Cargo.toml", "README.md", "LICENSE-APACHE", "LICENSE-MIT"];

/// The files that cargo adds.
const ADDED: [&str; 3] = [".cargo_vcs_info.json", "Cargo.lock", "Cargo.toml.orig"];

/// Prints the size of a package and returns what is wrong with its files.
pub(super) fn check(package: &Package, folders: &Folders) -> Result<Vec<String>, Failure> {
    let folder = folders.unpacked(package);
    let files = below(&folder)?;
    let mut bytes = 0;
    for file in &files {
        bytes += fs::metadata(folder.join(file))?.len();
    }
    let packed = fs::metadata(folders.archive(package))?.len();
    println!("{}: {} files, {} KiB, packed {} KiB", package.name, files.len(), bytes / 1024, packed / 1024);

    let mut problems = misplaced(&files);
    for licence in NEEDED.iter().filter(|name| name.starts_with("LICENSE")) {
        let ours = fs::read(workspace::root().join(licence))?;
        if fs::read(folder.join(licence)).is_ok_and(|text| text != ours) {
            problems.push(format!("{licence} differs from that of the repository: link to it"));
        }
    }
    Ok(problems.into_iter().map(|problem| format!("{}: {problem}", package.name)).collect())
}

/// Files that are missing, and files that only this repository uses.
fn misplaced(files: &[String]) -> Vec<String> {
    let missing = NEEDED.iter().filter(|needed| !files.iter().any(|file| file == *needed));
    let missing = missing.map(|needed| format!("{needed} is missing: name it in `include`"));
    let belongs = |file: &str| {
        let listed = NEEDED.iter().chain(&ADDED).any(|name| *name == file);
        let ours = file.starts_with("src/") || file.starts_with("assets/");
        listed || (ours && !is_test(file))
    };
    let foreign = files.iter().filter(|file| !belongs(file));
    let foreign = foreign.map(|file| format!("{file} is no use to others: `include` must not name it"));
    missing.chain(foreign).collect()
}

/// A module of unit tests, which is a file or a folder of its own.
fn is_test(file: &str) -> bool {
    file.split('/').any(|part| matches!(part, "tests" | "tests.rs"))
}

/// The files below a folder, as paths from it with `/` between the parts, sorted.
fn below(folder: &Path) -> Result<Vec<String>, Failure> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() {
            files.extend(below(&entry.path())?.into_iter().map(|file| format!("{name}/{file}")));
        } else {
            files.push(name);
        }
    }
    files.sort_unstable();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_licence_and_a_test_are_found() {
        let files = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let good = ["Cargo.lock", "Cargo.toml", "LICENSE-APACHE", "LICENSE-MIT", "README.md", "src/lib.rs"];
        assert_eq!(misplaced(&files(&good)), [""; 0]);
        let bad = ["Cargo.toml", "LICENSE-MIT", "README.md", "src/lib.rs", "tests/order.rs"];
        let bad = [&bad[..], &["src/wire/tests/mod.rs", "src/queue/tests.rs", "src/testing/mod.rs"]].concat();
        let foreign = |file: &str| format!("{file} is no use to others: `include` must not name it");
        assert_eq!(
            misplaced(&files(&bad)),
            [
                "LICENSE-APACHE is missing: name it in `include`".to_owned(),
                foreign("tests/order.rs"),
                foreign("src/wire/tests/mod.rs"),
                foreign("src/queue/tests.rs"),
            ]
        );
    }
}
