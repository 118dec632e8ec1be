//! Crates that a test builds with the versions of this workspace.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A program of such a crate.
pub(crate) struct Binary {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) edition: &'static str,
}

/// Writes a crate of that name and returns its folder.
pub(crate) fn create(name: &str, binaries: &[Binary]) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let mut manifest = format!(
        "[workspace]\n[package]\nname = '{name}'\nedition = '2024'\n[dependencies]\nserde_json = '1'\n\
         bus-core = {{ package = 'agent-events-core', path = '{}' }}\n",
        root.join("bus-core").display()
    );
    for Binary { name, path, edition } in binaries {
        writeln!(manifest, "[[bin]]\nname = '{name}'\npath = '{}'\nedition = '{edition}'", path.display())
            .unwrap();
    }
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    std::fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    folder
}

/// Runs cargo in that folder. All such crates share what they build.
pub(crate) fn cargo(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO"))
        .current_dir(folder)
        .args([arguments[0], "--offline", "--quiet"])
        .args(&arguments[1..])
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("target"))
        // With denied warnings the compiler would count those too.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}
