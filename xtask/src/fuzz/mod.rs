//! `cargo xtask fuzz`: feeds malformed input to every reader of the workspace.

mod corpus;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lexopt::prelude::*;

use crate::process::{cargo, cargo_in, run};
use crate::task::{Failure, Task};
use crate::workspace;

/// The targets of `fuzz/`, each with a corpus of its own.
const TARGETS: &[&str] = &["json", "cursor", "catalogue", "derive"];

const INSTALL: &str = "cargo install cargo-fuzz --version 0.13.2 --locked";

pub(crate) const TASK: Task = Task {
    name: "fuzz",
    summary: "Fuzz the readers: JSON lines, cursors, catalogue files, the derive.",
    help: "
Usage: cargo xtask fuzz [--seconds N] [--keep] [TARGET…]

  --seconds N   how long each target runs (60 unless given)
  --keep        reduces the useful inputs to the smallest set that covers as much, and keeps it in the repository

Targets, all of them unless some are named: json, cursor, catalogue, derive. They start from `fuzz/corpus`, from
the inputs of earlier runs in the target folder, from the lines of the recorded session if it is beside the
repository, from the definitions of the derive's tests and from the catalogue of the docs.

Needs cargo-fuzz (`cargo install cargo-fuzz --version 0.13.2 --locked`) and a C++ compiler, for libFuzzer itself. The
compiler is the stable one. Building takes a minute and a half of one core the first time.

Exit code: 0 if nothing was found, 1 with an input that makes a target fail.",
    run: run_task,
};

fn run_task(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let (mut seconds, mut keep, mut chosen) = (60_u32, false, Vec::new());
    while let Some(argument) = parser.next()? {
        match argument {
            Long("seconds") => seconds = parser.value()?.parse()?,
            Long("keep") => keep = true,
            Value(word) => match TARGETS.iter().find(|target| ***target == *word) {
                Some(target) => chosen.push(*target),
                None => {
                    return Err(Failure::usage(format!("there is no target `{}`", word.to_string_lossy())));
                }
            },
            _ => return Err(argument.unexpected().into()),
        }
    }
    let installed =
        cargo().args(["fuzz", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    if !installed.success() {
        return Err(Failure::found(format!("cargo-fuzz is not installed: `{INSTALL}` installs it")));
    }
    let targets = if chosen.is_empty() { TARGETS } else { &chosen };
    let folder = workspace::target_folder()?.join("fuzz");
    run(&mut on_target("build", &folder))?;
    targets.iter().map(|target| fuzz(target, seconds, keep, &folder)).fold(Ok(()), Result::and)
}

/// `cargo fuzz` without a sanitizer. Sanitizers look for faults of `unsafe` code, which these
/// crates do not have; they halve the speed and need an unstable compiler.
fn on_target(what: &str, folder: &Path) -> Command {
    let mut command = cargo_in(&workspace::root().join("fuzz"), folder);
    command.args(["fuzz", what, "--fuzz-dir", ".", "--sanitizer", "none"]);
    command
}

fn fuzz(target: &str, seconds: u32, keep: bool, folder: &Path) -> Result<(), Failure> {
    let work = folder.join("corpus").join(target);
    let (known, found) = corpus::unpack(target, &work)?;
    println!(
        "{target}: starts from {known} inputs that are kept and {found} of the session, the tests and the docs"
    );
    let mut command = on_target("run", folder);
    command.arg(target).arg(&work);
    command.args(["--", &format!("-max_total_time={seconds}"), "-print_final_stats=1", "-timeout=10"]);
    let words = PathBuf::from("words").join(target);
    if workspace::root().join("fuzz").join(&words).is_file() {
        command.arg(format!("-dict={}", words.display()));
    }
    println!("{target}: {}", watch(&mut command)?);
    if keep { reduce(target, &work, folder) } else { Ok(()) }
}

/// Runs a target. Returns a line of statistics, or the last lines of its output if it found a
/// failing input.
fn watch(command: &mut Command) -> Result<String, Failure> {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let (mut lines, mut statistics) = (Vec::new(), Statistics::default());
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).split(b'\n') {
            let line = String::from_utf8_lossy(&line?).into_owned();
            statistics.read(&line);
            lines.push(line);
            if lines.len() > 80 {
                lines.remove(0);
            }
        }
    }
    if child.wait()?.success() {
        return Ok(format!(
            "{} executions, {} a second, {} edges covered, nothing found",
            statistics.executions, statistics.speed, statistics.edges
        ));
    }
    Err(Failure::found(format!(
        "{}\nan input makes the target fail: repair the reader, then keep the input",
        lines.join("\n")
    )))
}

/// The statistics that libFuzzer prints at the end of a run.
#[derive(Default)]
struct Statistics {
    executions: String,
    speed: String,
    edges: String,
}

impl Statistics {
    fn read(&mut self, line: &str) {
        let word = |mark: &str| {
            let (_, rest) = line.split_once(mark)?;
            rest.split_whitespace().next().map(str::to_owned)
        };
        for (mark, into) in [
            ("stat::number_of_executed_units:", &mut self.executions),
            ("stat::average_exec_per_sec:", &mut self.speed),
            (" cov: ", &mut self.edges),
        ] {
            if let Some(found) = word(mark) {
                *into = found;
            }
        }
    }
}

/// Keeps the smallest set of inputs that covers the same edges as the whole corpus.
fn reduce(target: &str, work: &Path, folder: &Path) -> Result<(), Failure> {
    let kept = folder.join("kept").join(target);
    corpus::empty(&kept)?;
    let mut command = on_target("run", folder);
    command.arg(target).arg(&kept).arg(work);
    command.args(["--", "-set_cover_merge=1", "-use_counters=0", "-timeout=10"]);
    watch(&mut command)?;
    let (inputs, bytes) = corpus::pack(target, &kept)?;
    println!("{target}: keeps {inputs} inputs, {bytes} bytes");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_of_a_run_are_read() {
        let mut statistics = Statistics::default();
        for line in [
            "#2\tINITED cov: 12 ft: 13 corp: 1/1b exec/s: 0 rss: 30Mb",
            "#822436\tDONE   cov: 345 ft: 640 corp: 99/3Kb lim: 4096 exec/s: 137072 rss: 280Mb",
            "stat::number_of_executed_units: 822436",
            "stat::average_exec_per_sec:     137072",
        ] {
            statistics.read(line);
        }
        assert_eq!(
            (&*statistics.executions, &*statistics.speed, &*statistics.edges),
            ("822436", "137072", "345")
        );
    }

    /// The targets are outside of the workspace, so no build notices when a module moves.
    #[test]
    fn modules_that_targets_include_by_path_exist() {
        let folder = workspace::root().join("fuzz/fuzz_targets");
        for target in TARGETS {
            let text = std::fs::read_to_string(folder.join(format!("{target}.rs"))).unwrap();
            for path in text.lines().filter_map(|line| line.strip_prefix("#[path = \"")?.strip_suffix("\"]"))
            {
                assert!(folder.join(path).is_file(), "{target}.rs includes {path}, which does not exist");
            }
        }
    }

    #[test]
    fn every_target_has_a_corpus_that_can_be_read() {
        let folder = std::env::temp_dir().join(format!("bus-corpus-{}", std::process::id()));
        for target in TARGETS {
            let (kept, _) = corpus::unpack(target, &folder.join(target)).unwrap();
            assert!(kept > 0, "{target}");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
