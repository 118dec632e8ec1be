//! `cargo xtask fuzz`: everything that reads, fed with what nobody would write.

use std::fs;
use std::process::Stdio;

use lexopt::prelude::*;

use crate::process::{cargo, run};
use crate::task::{Failure, Task};
use crate::workspace;

/// The targets of `fuzz/`, each with seeds of its own.
const TARGETS: &[&str] = &["json", "cursor", "catalogue", "derive"];

const INSTALL: &str = "cargo install cargo-fuzz --version 0.13.2 --locked";

pub(crate) const TASK: Task = Task {
    name: "fuzz",
    summary: "Fuzz the readers: JSON lines, cursors, catalogue files, the derive.",
    help: "
Usage: cargo xtask fuzz [--seconds N] [TARGET…]

  --seconds N   how long each target runs (60 unless given)

Targets, all of them unless some are named: json, cursor, catalogue, derive. They start from `fuzz/seeds` and keep what
they find of use in `fuzz/corpus`; where the recorded session lies beside the repository, `json` starts from its lines
too. Needs cargo-fuzz (`cargo install cargo-fuzz --version 0.13.2 --locked`); the instrumentation is opened on the
stable compiler with RUSTC_BOOTSTRAP.

Exit code: 0 if nothing was found, 1 with the input that a target does not stand.",
    run: run_task,
};

fn run_task(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let (mut seconds, mut chosen) = (60_u32, Vec::new());
    while let Some(argument) = parser.next()? {
        match argument {
            Long("seconds") => seconds = parser.value()?.parse()?,
            Value(word) => match TARGETS.iter().find(|target| ***target == *word) {
                Some(target) => chosen.push(*target),
                None => {
                    return Err(Failure::usage(format!("there is no target `{}`", word.to_string_lossy())));
                }
            },
            _ => return Err(argument.unexpected().into()),
        }
    }
    if !cargo().args(["fuzz", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status()?.success() {
        return Err(Failure::found(format!("cargo-fuzz is not installed: `{INSTALL}` installs it")));
    }
    let targets = if chosen.is_empty() { TARGETS } else { &chosen };
    targets.iter().map(|target| fuzz(target, seconds)).fold(Ok(()), Result::and)
}

fn fuzz(target: &str, seconds: u32) -> Result<(), Failure> {
    let folder = workspace::root().join("fuzz");
    let corpus = folder.join("corpus").join(target);
    fs::create_dir_all(&corpus)?;
    if target == "json" {
        seed_from_session(&corpus)?;
    }
    run(cargo()
        .current_dir(&folder)
        .env("RUSTC_BOOTSTRAP", "1")
        .args(["fuzz", "run", "--fuzz-dir", ".", target])
        .arg(&corpus)
        .arg(folder.join("seeds").join(target))
        .args(["--", &format!("-max_total_time={seconds}"), "-print_final_stats=1", "-verbosity=0"]))
}

/// Every fiftieth line of the recorded session, unpacked by the system's `gzip`; without either the seeds must do.
fn seed_from_session(corpus: &std::path::Path) -> Result<(), Failure> {
    let session = workspace::root().join("../shared/data/hive-session.jsonl.gz");
    if !session.is_file() {
        println!("left out: the lines of the recorded session (it is not beside the repository)");
        return Ok(());
    }
    let unpacked = std::process::Command::new("gzip").arg("-dc").arg(&session).output();
    let Ok(unpacked) = unpacked else {
        println!("left out: the lines of the recorded session (there is no `gzip` to unpack it)");
        return Ok(());
    };
    for (number, line) in unpacked.stdout.split(|byte| *byte == b'\n').enumerate().step_by(50) {
        fs::write(corpus.join(format!("session-{number}")), line)?;
    }
    Ok(())
}
