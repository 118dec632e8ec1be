//! `cargo xtask bench`: what an event costs, beside a list of closures and beside other libraries, in one run.

use std::process::Command;

use serde_json::Value;

use crate::process::{cargo, read, run};
use crate::task::{Failure, Task};
use crate::workspace;

pub(crate) const TASK: Task = Task {
    name: "bench",
    summary: "Measure bus-core beside its peers; or count allocations, for CI.",
    help: "
Usage: cargo xtask bench [--quick] [--save] [WORKLOAD…]
       cargo xtask bench --guard [--save]

Workloads: a sync handlers, b async handlers, c streams, d filters, e nobody listens, f threads, g history, h JSON,
i waits, k a recorded session, u what a publish is made of. All of them unless some are named.

  --quick   fewer and shorter rounds: under three minutes once it is built
  --save    write bench/results.json and bench/results.svg, or with --guard bench/counts.json
  --guard   only count allocations and bytes, which are the same at each run, and compare with bench/counts.json:
            exit code 1 where one has grown by more than a hundredth

The recorded session and the Python original are looked for in ../shared, or where BUS_SHARED says; where they are not
there, their rows are left out, with a word. A missed target is told and is no failure: seconds depend on the machine.",
    run: run_task,
};

/// How much more may be counted than last time, as a factor: other versions of what we depend on count a little differently.
const LEEWAY: f64 = 1.01;

fn run_task(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let (mut quick, mut save, mut guarded) = (false, false, false);
    let mut workloads = Vec::new();
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Long("quick") => quick = true,
            lexopt::Arg::Long("save") => save = true,
            lexopt::Arg::Long("guard") => guarded = true,
            lexopt::Arg::Value(word) => workloads.push(word),
            other => return Err(other.unexpected().into()),
        }
    }
    let counts = counts()?;
    if guarded {
        return guard(&counts, save);
    }
    let mut command = bench(&["--bin", "bench"]);
    command.arg("--").args(workloads).args(["--counts", &counts]);
    command.args(["--machine", &machine()?, "--compiler", read(Command::new("rustc").arg("-V"))?.trim()]);
    if quick {
        command.arg("--quick");
    }
    if save {
        command.args(["--json", "bench/results.json", "--svg", "bench/results.svg"]);
    }
    run(&mut command)
}

/// Cargo on the crate of the benchmarks, which is a workspace of its own.
fn bench(arguments: &[&str]) -> Command {
    let mut command = cargo();
    command.args(["run", "--release", "--locked", "--manifest-path", "bench/Cargo.toml"]).args(arguments);
    command
}

/// What the allocator counts, as JSON. The peers are not built for it.
fn counts() -> Result<String, Failure> {
    read(&mut bench(&["--bin", "counts", "--no-default-features"]))
}

pub(crate) fn check() -> Result<(), Failure> {
    guard(&counts()?, false)
}

fn guard(counts: &str, save: bool) -> Result<(), Failure> {
    let path = workspace::root().join("bench/counts.json");
    if save {
        std::fs::write(path, counts)?;
        return Ok(());
    }
    let grown = grown(&parsed(&std::fs::read_to_string(path)?)?, &parsed(counts)?);
    if grown.is_empty() {
        println!("nothing asks for more memory than bench/counts.json says");
        return Ok(());
    }
    Err(Failure::found(format!(
        "{}\nmend that, or run `cargo xtask bench --guard --save` and say in the commit why it must be so",
        grown.join("\n")
    )))
}

fn parsed(text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::found(format!("counts that cannot be read: {error}")))
}

/// What is counted now and was less before, or was not counted.
fn grown(before: &Value, now: &Value) -> Vec<String> {
    let number = |value: &Value, name: &str| value[name].as_f64();
    let names = now.as_object().into_iter().flat_map(serde_json::Map::keys);
    names
        .filter_map(|name| match (number(before, name), number(now, name)?) {
            (Some(before), now) if now <= before * LEEWAY => None,
            (Some(before), now) => Some(format!("{name}: {now}, before it was {before}")),
            (None, now) => Some(format!("{name}: {now}, and bench/counts.json does not have it")),
        })
        .collect()
}

/// The processor, as the system names it, and how many of them.
fn machine() -> Result<String, Failure> {
    let cpus = std::thread::available_parallelism()?;
    let known = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        known.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split_once(':'));
    let model = model.map_or(std::env::consts::ARCH, |(_, model)| model.trim());
    Ok(format!("{model}, {cpus} processors, {}", std::env::consts::OS))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::grown;

    #[test]
    fn what_grows_is_told_and_what_shrinks_is_not() {
        let before = json!({ "a": 1.0, "b": 2.0, "c": 0.0 });
        let now = json!({ "a": 1.005, "b": 1.0, "c": 1.0, "d": 1.0 });
        assert_eq!(
            grown(&before, &now),
            ["c: 1.0, before it was 0.0", "d: 1.0, and bench/counts.json does not have it"]
                .map(|line| line.replace(".0", "")),
        );
    }
}
