//! Runs each example program of the workspace from its root, without input and with a time limit.
//! The exit code must be 0.
//!
//! A program that needs arguments gets them from the manifest of its package:
//! `[package.metadata.run]`, `replay = ["examples/data/small.jsonl"]`. Paths start at the root of
//! the workspace. A program that needs further components of rustup is left out if they are not
//! installed: `[package.metadata.components]`, `editor = ["rust-analyzer"]`.

use std::env::consts::EXE_SUFFIX;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::compiler;
use crate::process;
use crate::task::Failure;
use crate::workspace;

/// Each example is written to end within seconds, so one that takes longer hangs.
const TIME_LIMIT: Duration = Duration::from_mins(5);

/// An example program and its arguments.
struct Program {
    name: String,
    arguments: Vec<String>,
    components: Vec<String>,
}

/// Builds all examples, then runs them one after the other. Prints the output of those that fail.
pub(crate) fn run_all() -> Result<(), Failure> {
    let programs = programs(&workspace::metadata(false)?);
    if programs.is_empty() {
        println!("there are no example programs");
        return Ok(());
    }
    process::run_cargo(&["build", "--workspace", "--examples", "--locked"])?;
    let target = workspace::target_folder()?;
    let (mut failed, mut left_out) = (Vec::new(), 0);
    for program in &programs {
        let missing = compiler::missing_components(&program.components);
        if !missing.is_empty() {
            let names = missing.join(" ");
            println!(
                "example {} ... left out: it needs what `rustup component add {names}` installs",
                program.name
            );
            left_out += 1;
            continue;
        }
        let begun = Instant::now();
        match program.run(&target)? {
            Ok(()) => println!("example {} ... ok ({:.1} s)", program.name, begun.elapsed().as_secs_f64()),
            Err(reason) => {
                println!("example {} ... FAILED\n{reason}", program.name);
                failed.push(program.name.as_str());
            }
        }
    }
    let passed = programs.len() - failed.len() - left_out;
    println!("\nexamples:\n{passed} passed, {} failed, {left_out} skipped\n", failed.len());
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Failure::found(format!("examples failed: {}", failed.join(", "))))
    }
}

/// The example targets of all packages, by name.
fn programs(metadata: &Value) -> Vec<Program> {
    let mut found = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        for target in package["targets"].as_array().into_iter().flatten() {
            if target["kind"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "example")) {
                let name = text(&target["name"]);
                let listed = |list: &Value| list[&name].as_array().into_iter().flatten().map(text).collect();
                let metadata = &package["metadata"];
                let (arguments, components) = (listed(&metadata["run"]), listed(&metadata["components"]));
                found.push(Program { name, arguments, components });
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Program {
    /// The outer error means that the program could not be started, the inner one that it failed.
    fn run(&self, target: &Path) -> Result<Result<(), String>, Failure> {
        let folder = target.join("xtask");
        fs::create_dir_all(&folder)?;
        let log = folder.join(format!("{}.log", self.name));
        let output = File::create(&log)?;
        let program = target.join("debug/examples").join(format!("{}{EXE_SUFFIX}", self.name));
        let child = Command::new(program)
            .args(&self.arguments)
            .current_dir(workspace::root())
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()?;
        let ended = wait(child)?;
        let written = || fs::read_to_string(&log).unwrap_or_default();
        Ok(match ended {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(format!("{status}; it wrote:\n{}", written())),
            None => Err(format!("not done after {} s; it wrote:\n{}", TIME_LIMIT.as_secs(), written())),
        })
    }
}

/// Waits for the child to end. Ends it at the time limit and returns `None`.
fn wait(mut child: Child) -> Result<Option<ExitStatus>, Failure> {
    let begun = Instant::now();
    while begun.elapsed() < TIME_LIMIT {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        thread::sleep(Duration::from_millis(20));
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_found_with_their_arguments_and_components() {
        let metadata = serde_json::json!({ "packages": [
            { "name": "examples",
              "metadata": {
                "run": { "replay": ["examples/data/small.jsonl"] },
                "components": { "quickstart": ["rust-src"] },
              },
              "targets": [
                { "name": "replay", "kind": ["example"] },
                { "name": "quickstart", "kind": ["example"] },
                { "name": "examples", "kind": ["lib"] },
              ] },
            { "name": "bus-core", "metadata": null,
              "targets": [{ "name": "bus_core", "kind": ["lib"] }] },
        ] });
        let found: Vec<_> =
            programs(&metadata).into_iter().map(|p| (p.name, p.arguments, p.components)).collect();
        let replay = ("replay".to_owned(), vec!["examples/data/small.jsonl".to_owned()], vec![]);
        assert_eq!(found, [("quickstart".to_owned(), vec![], vec!["rust-src".to_owned()]), replay]);
    }
}
