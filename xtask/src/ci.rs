//! `cargo xtask ci`: every check that a change must pass, step by step, with a table of the
//! results.

use std::time::Instant;

use serde_json::Value;

use crate::process::{cargo, cargo_in, run, run_cargo};
use crate::task::{Failure, Task};
use crate::{bench, compiler, lint, minimal, package, supply, test, workspace};

pub(crate) const TASK: Task = Task {
    name: "ci",
    summary: "Run every check of a change: format, lints, docs, supply chain, versions, tests.",
    help: "
Usage: cargo xtask ci [STEP…]

Steps, all of them in this order unless some are named:
  fmt       the code is formatted (`cargo fmt --all` repairs it)
  clippy    no warning of the compiler or of clippy in any target
  features  bus-core has no warnings with fewer features either
  docs      no warning of rustdoc
  lint      the rules that no compiler knows: `cargo xtask lint`
  supply    licences, sources and duplicates of dependencies: `cargo xtask supply`
  compiler  the compiler is the oldest that we promise, or newer
  minimal   our crates build with the oldest dependencies that we allow: `cargo xtask minimal`
  package   each package builds and tests its docs alone: `cargo xtask package`
  catalogue the committed event catalogues, ours and that of examples/your-project, match the definitions and break no
            user
  newer     every test but the pinned error texts with the newest other compiler that is installed
  test      every test and example: `cargo xtask test`
  memory    no publish and no subscription allocates more than before, no publish has more atomic
            operations: `cargo xtask bench --guard`

A failed step does not stop the ones after it. Exit code: 0 if all passed, 1 if one failed.",
    run: run_task,
};

/// A step: its name on the command line and in the table, and the check that it runs.
struct Step {
    name: &'static str,
    run: fn() -> Result<(), Failure>,
}

const STEPS: &[Step] = &[
    Step { name: "fmt", run: || run_cargo(&["fmt", "--all", "--check"]) },
    Step { name: "clippy", run: clippy },
    Step { name: "features", run: features },
    Step { name: "docs", run: docs },
    Step { name: "lint", run: lint::check },
    Step { name: "supply", run: supply::check },
    Step { name: "compiler", run: compiler::check },
    Step { name: "minimal", run: minimal::check },
    Step { name: "package", run: package::check },
    Step { name: "catalogue", run: catalogue },
    Step { name: "newer", run: test::with_newer },
    Step { name: "test", run: test::all },
    Step { name: "memory", run: bench::check },
];

fn run_task(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let mut chosen = Vec::new();
    while let Some(argument) = parser.next()? {
        let lexopt::Arg::Value(word) = argument else { return Err(argument.unexpected().into()) };
        let Some(step) = STEPS.iter().find(|step| *step.name == *word) else {
            let word = word.to_string_lossy();
            return Err(Failure::usage(format!(
                "there is no step `{word}`; `cargo xtask ci --help` lists them"
            )));
        };
        chosen.push(step);
    }
    if chosen.is_empty() {
        chosen.extend(STEPS);
    }
    run_steps(&chosen)
}

fn run_steps(steps: &[&Step]) -> Result<(), Failure> {
    let mut table = Vec::new();
    let mut failed = Vec::new();
    for step in steps {
        println!("\n== {}", step.name);
        let begun = Instant::now();
        let outcome = (step.run)();
        let seconds = begun.elapsed().as_secs_f64();
        let word = if outcome.is_ok() { "ok" } else { "FAILED" };
        table.push(format!("  {:<10} {word:<7} {seconds:>6.1} s", step.name));
        if let Err(failure) = outcome {
            println!("{failure}");
            failed.push(step.name);
        }
    }
    println!("\nsteps:\n{}\n", table.join("\n"));
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Failure::found(format!("steps failed: {}", failed.join(", "))))
    }
}

fn clippy() -> Result<(), Failure> {
    run_cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])
}

/// Checks bus-core with each feature alone and with none, because the workspace build enables
/// nearly all.
fn features() -> Result<(), Failure> {
    for feature in features_of(&workspace::metadata(false)?, workspace::CORE) {
        let library = ["clippy", "--package", workspace::CORE, "--lib", "--locked", "--no-default-features"];
        run(cargo().args(library).args(["--features", &feature, "--", "-D", "warnings"]))?;
    }
    // The workspace's tests run without it.
    run_cargo(&["test", "-p", workspace::CORE, "--features", "counter", "--test", "timestamps", "--locked"])
}

/// The features of a package, after an empty name that stands for none. `default` is left out, and
/// so is a name that begins with `_`: it is for the interleaving models alone.
fn features_of(metadata: &Value, package: &str) -> Vec<String> {
    let found = metadata["packages"].as_array().into_iter().flatten().find(|found| found["name"] == package);
    let features =
        found.and_then(|found| found["features"].as_object()).into_iter().flat_map(|map| map.keys());
    let named = features.filter(|name| *name != "default" && !name.starts_with('_')).cloned();
    std::iter::once(String::new()).chain(named).collect()
}

/// Runs all three checks even if one of them fails, so that one run shows every problem.
fn catalogue() -> Result<(), Failure> {
    let drifted = crate::docs::check();
    let broken = crate::check::all();
    let copied = your_project();
    drifted.and(broken).and(copied)
}

/// Checks the project that a reader copies: a workspace of its own, built with the locked versions
/// of this one.
fn your_project() -> Result<(), Failure> {
    let folder = workspace::root().join("examples/your-project");
    std::fs::copy(workspace::root().join("Cargo.lock"), folder.join("Cargo.lock"))?;
    let target = workspace::target_folder()?;
    for task in [&["xtask", "docs", "--check"][..], &["xtask", "check"], &["build"]] {
        run(cargo_in(&folder, &target).args(task))?;
    }
    Ok(())
}

fn docs() -> Result<(), Failure> {
    run(cargo().args(["doc", "--workspace", "--no-deps", "--locked"]).env("RUSTDOCFLAGS", "-D warnings"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_names_every_step_in_order() {
        let positions: Vec<_> =
            STEPS.iter().map(|step| TASK.help.find(&format!("\n  {:<10}", step.name))).collect();
        assert!(positions.iter().all(Option::is_some) && positions.is_sorted(), "{positions:?}");
    }

    #[test]
    fn a_failed_step_does_not_stop_the_next_and_is_named() {
        let steps = [
            Step { name: "first", run: || Err(Failure::found("it broke")) },
            Step { name: "second", run: || Ok(()) },
            Step { name: "third", run: || Err(Failure::found("it broke too")) },
        ];
        let failure = run_steps(&steps.each_ref()).unwrap_err();
        assert_eq!(failure.to_string(), "steps failed: first, third");
    }

    #[test]
    fn features_are_read_from_the_manifest() {
        let metadata = serde_json::json!({ "packages": [
            { "name": "bus-core", "features": { "_loom": [], "default": ["derive"], "derive": [], "schema": [] } },
        ] });
        assert_eq!(features_of(&metadata, "bus-core"), ["", "derive", "schema"]);
    }
}
