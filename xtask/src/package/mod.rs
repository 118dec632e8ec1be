//! `cargo xtask package`: packs each crate that is published, and uses the packages as a stranger
//! would, without this repository.

mod files;
mod user;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::process::{cargo, cargo_in, run};
use crate::task::{Failure, Task, no_arguments};
use crate::workspace;

pub(crate) const TASK: Task = Task {
    name: "package",
    summary: "Pack the published crates, and build and test each from its package alone.",
    help: "
Usage: cargo xtask package

Packs each crate that is published. A package has the sources, a readme and both licences, and nothing that only this
repository uses, such as tests. Each is unpacked into a folder of its own, where it is built and its examples in the
docs are run with the other packages in place of the registry's. Then programs of a user are run: the first one of
README.md with the dependencies that stand there, and others that name the package differently.

Exit code: 0 if all that works, 1 if not. The sizes are printed.",
    run: |parser| no_arguments(parser).and_then(|()| check()),
};

/// A crate that is published.
struct Package {
    name: String,
    version: String,
    /// Whether cargo tests the examples in its docs.
    has_examples: bool,
}

pub(crate) fn check() -> Result<(), Failure> {
    let metadata = workspace::metadata(false)?;
    let packages: Vec<Package> = workspace::published(&metadata).filter_map(Package::read).collect();
    let target = workspace::target_folder()?;
    let folders = Folders { packages: target.join("packages"), target };
    folders.pack(&packages)?;
    folders.configure(&packages)?;
    let mut problems = Vec::new();
    for package in &packages {
        problems.extend(files::check(package, &folders)?);
    }
    if !problems.is_empty() {
        return Err(Failure::found(problems.join("\n")));
    }
    for package in &packages {
        let command =
            if package.has_examples { &["test", "--quiet", "--doc"][..] } else { &["build", "--quiet"] };
        run(folders.cargo(&folders.unpacked(package)).args(command).args(["--package", &package.name]))?;
    }
    user::check(&folders)
}

impl Package {
    fn read(metadata: &Value) -> Option<Self> {
        let text = |key: &str| metadata[key].as_str().map(str::to_owned);
        let mut targets = metadata["targets"].as_array().into_iter().flatten();
        let has_examples = targets.any(|target| target["doctest"] == true);
        Some(Self { name: text("name")?, version: text("version")?, has_examples })
    }

    /// The name of its folder and of its archive.
    fn full_name(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }
}

/// The folder in which packages are unpacked, and the folder that all are built in.
struct Folders {
    packages: PathBuf,
    target: PathBuf,
}

impl Folders {
    fn unpacked(&self, package: &Package) -> PathBuf {
        self.packages.join(package.full_name())
    }

    fn archive(&self, package: &Package) -> PathBuf {
        self.target.join("package").join(format!("{}.crate", package.full_name()))
    }

    /// Makes the archives and unpacks them.
    fn pack(&self, packages: &[Package]) -> Result<(), Failure> {
        if self.packages.exists() {
            fs::remove_dir_all(&self.packages)?;
        }
        fs::create_dir_all(&self.packages)?;
        let mut pack = cargo();
        pack.args(["package", "--quiet", "--no-verify", "--allow-dirty"]);
        run(pack.args(packages.iter().flat_map(|package| ["--package", &package.name])))?;
        for package in packages {
            let archive = self.archive(package);
            // Cargo gives each file in a package the same old time. `-m` gives it that of now, so
            // that a changed file is built again.
            run(Command::new("tar").arg("-xmzf").arg(archive).arg("-C").arg(&self.packages))?;
            detach(&self.unpacked(package))?;
        }
        Ok(())
    }

    /// Puts the unpacked packages in place of those in the registry, for all that is built below
    /// the folder. Dependencies get the settings of this workspace, so that they are built once.
    fn configure(&self, packages: &[Package]) -> Result<(), Failure> {
        let mut text = String::from("[patch.crates-io]\n");
        for package in packages {
            let _ = writeln!(text, "{} = {{ path = \"{}\" }}", package.name, package.full_name());
        }
        for profile in ["dev", "test"] {
            let _ = writeln!(text, "[profile.{profile}]\ndebug = \"line-tables-only\"");
        }
        fs::create_dir_all(self.packages.join(".cargo"))?;
        Ok(fs::write(self.packages.join(".cargo/config.toml"), text)?)
    }

    /// Cargo in a folder below that of the packages.
    fn cargo(&self, folder: &Path) -> Command {
        cargo_in(folder, &self.target)
    }
}

/// Makes a package the root of its own workspace: the target folder lies inside of ours.
fn detach(folder: &Path) -> Result<(), Failure> {
    let manifest = folder.join("Cargo.toml");
    let text = fs::read_to_string(&manifest)?;
    Ok(fs::write(manifest, format!("{text}\n[workspace]\n"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_read_from_the_metadata() {
        let metadata = serde_json::json!({
            "name": "agent-events-macros", "version": "0.1.0", "targets": [{ "doctest": false }],
        });
        let package = Package::read(&metadata).unwrap();
        assert_eq!(
            (package.full_name().as_str(), package.has_examples),
            ("agent-events-macros-0.1.0", false)
        );
    }
}
