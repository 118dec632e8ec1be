//! Which compiler runs, which one the pinned error texts belong to, and which others are installed.

use std::process::{Command, Stdio};

use crate::process::read;
use crate::task::Failure;
use crate::workspace;

/// A version of Rust, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    number: (u32, u32),
    /// Not a nightly or a beta.
    released: bool,
}

impl Version {
    /// Reads `1.95`, `1.95.0` and `1.97.0-nightly`.
    fn parse(text: &str) -> Option<Self> {
        let (number, released) = text.split_once('-').map_or((text, true), |(number, _)| (number, false));
        let mut parts = number.split('.');
        Some(Self { number: (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?), released })
    }

    /// Reads what `rustc --version` prints.
    fn printed(line: &str) -> Result<Self, Failure> {
        let version = line.split_whitespace().nth(1).and_then(Self::parse);
        version.ok_or_else(|| Failure::found(format!("the compiler's version is not in `{}`", line.trim())))
    }
}

/// A toolchain of rustup.
#[derive(Debug, PartialEq)]
pub(crate) struct Toolchain {
    pub(crate) name: String,
    pub(crate) version: Version,
}

impl Toolchain {
    /// Its cargo, in the root of the workspace, with a folder of its own to build in: the folder of
    /// the compiler in use would be built anew at each change from one to the other.
    pub(crate) fn cargo(&self) -> Result<Command, Failure> {
        let mut command = Command::new("rustup");
        command
            .args(["run", &self.name, "cargo"])
            .current_dir(workspace::root())
            .stdin(Stdio::null())
            // Cargo hands on the path of the cargo that runs this program.
            .env_remove("CARGO")
            .env("CARGO_TARGET_DIR", workspace::target_folder()?.join("compilers").join(&self.name));
        Ok(command)
    }
}

/// The oldest version that is promised, `rust-version` in the root manifest, as it stands there.
/// The pinned error texts are those of this version.
pub(crate) fn promised_text() -> Result<String, Failure> {
    let packages = &workspace::metadata(false)?["packages"];
    let text = packages[0]["rust_version"].as_str();
    text.map(str::to_owned).ok_or_else(|| Failure::found("Cargo.toml has no `rust-version`"))
}

pub(crate) fn promised() -> Result<Version, Failure> {
    let text = promised_text()?;
    Version::parse(&text)
        .ok_or_else(|| Failure::found(format!("`rust-version` is `{text}`: write it as `1.95`")))
}

/// The version of the compiler in use.
pub(crate) fn active() -> Result<Version, Failure> {
    Version::printed(&active_line()?)
}

fn active_line() -> Result<String, Failure> {
    read(Command::new("rustc").arg("--version").current_dir(workspace::root()))
}

/// An installed toolchain of this very version.
pub(crate) fn installed(version: Version) -> Option<Toolchain> {
    all_installed().into_iter().find(|toolchain| toolchain.version == version)
}

/// The newest toolchain that is installed, if it is newer than this version.
pub(crate) fn newer_than(version: Version) -> Option<Toolchain> {
    all_installed()
        .into_iter()
        .filter(|toolchain| toolchain.version.number > version.number)
        .max_by_key(|toolchain| toolchain.version)
}

/// All toolchains of rustup; none if Rust was installed without rustup.
fn all_installed() -> Vec<Toolchain> {
    let names = asked(&["toolchain", "list"]).unwrap_or_default();
    let toolchains = names.lines().filter_map(|line| {
        let name = line.split_whitespace().next()?.to_owned();
        let version = Version::printed(&asked(&["run", &name, "rustc", "--version"])?).ok()?;
        Some(Toolchain { name, version })
    });
    toolchains.collect()
}

/// The components of rustup that are missing among these, in the toolchain in use.
pub(crate) fn missing_components(needed: &[String]) -> Vec<&str> {
    let installed = asked(&["component", "list", "--installed"]).unwrap_or_default();
    missing(needed, &installed)
}

/// A line of rustup's is `rust-src` or `clippy-x86_64-unknown-linux-gnu`.
fn missing<'a>(needed: &'a [String], installed: &str) -> Vec<&'a str> {
    let is_there = |name: &str| installed.lines().any(|line| line.trim().starts_with(name));
    needed.iter().map(String::as_str).filter(|name| !is_there(name)).collect()
}

/// The answer of rustup, or `None` if it is not installed or refuses.
fn asked(arguments: &[&str]) -> Option<String> {
    let mut rustup = Command::new("rustup");
    rustup.args(arguments).current_dir(workspace::root()).stdin(Stdio::null()).stderr(Stdio::null());
    let output = rustup.output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}

/// Reports whether this run proves that the oldest promised compiler works.
pub(crate) fn check() -> Result<(), Failure> {
    let (line, promised) = (active_line()?, promised()?);
    let (used, oldest) = (Version::printed(&line)?, promised_text()?);
    let line = line.trim();
    if used.number < promised.number {
        return Err(Failure::found(format!("{line} is too old: `rustup update` installs {oldest} or newer")));
    }
    let proves = if used == promised { "this run proves the promise" } else { "this run does not prove it" };
    println!("{line}; the oldest promised is {oldest}: {proves}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_their_first_two_numbers() {
        let version = |text| Version::parse(text).unwrap();
        assert_eq!(version("1.95"), version("1.95.3"));
        assert!(version("1.100.0") > version("1.95"));
        assert_ne!(version("1.95.0-nightly"), version("1.95"));
        assert_eq!(Version::parse("nightly"), None);
    }

    #[test]
    fn the_printed_version_is_read() {
        let nightly = Version::printed("rustc 1.97.0-nightly (e50aa6fba 2026-05-19)\n").unwrap();
        assert_eq!(nightly, Version { number: (1, 97), released: false });
        let failure = Version::printed("no version\n").unwrap_err();
        assert_eq!(failure.to_string(), "the compiler's version is not in `no version`");
    }

    #[test]
    fn a_component_is_found_with_and_without_its_target() {
        let needed = ["rust-analyzer".to_owned(), "rust-src".to_owned()];
        assert_eq!(missing(&needed, "clippy-x86_64-unknown-linux-gnu\nrust-src\n"), ["rust-analyzer"]);
        assert_eq!(missing(&needed, "rust-analyzer-x86_64-unknown-linux-gnu\nrust-src\n"), [""; 0]);
        assert_eq!(missing(&needed, ""), ["rust-analyzer", "rust-src"]);
    }
}
