//! `cargo xtask bench`: the time of an event beside a list of closures, other libraries and other
//! revisions.

mod against;
mod atomics;
mod build;
mod callgrind;
mod guard;
mod program;
mod workload;

use std::process::Command;

use crate::process::{cargo, read, run};
use crate::task::{Failure, Task};

pub(crate) const TASK: Task = Task {
    name: "bench",
    summary: "Measure bus-core beside its peers or another revision; or count allocations and atomics, for CI.",
    help: "
Usage: cargo xtask bench [--quick] [--save] [WORKLOAD…]
       cargo xtask bench --against REVISION [--quick] [--instructions] [WORKLOAD…]
       cargo xtask bench --atomics
       cargo xtask bench --guard [--save]

Workloads: a sync handlers, b async handlers, c streams, d filters, e nobody listens, f threads, g history, h JSON,
i waits, k a recorded session, p more than a handler can take, u the parts of a publish. All of them unless some are
named. With --against there are a, b, c, e, f and p, and a group may be named too, such as `b/ready`.

  --quick         fewer and shorter rounds: under three minutes once it is built
  --save          write bench/results.json and bench/results.svg, or with --guard bench/counts.json and
                  bench/atomics.json
  --against       build this folder's benchmarks with the bus of a revision and with the bus of this folder, and
                  measure both in one run, the revision twice: its ratio to itself is the noise. The revision is
                  unpacked below the target folder; its bus must have what this folder's benchmarks call
  --instructions  also count the instructions and atomic operations of one publish with both: exactly, with valgrind;
                  left out where that is not installed
  --atomics       count the atomic read-modify-writes of one publish to 0, 1, 8 and 64 sync handlers, and print the
                  source lines that they are of: exactly, with valgrind and binutils, on x86-64
  --guard         only count allocations, bytes and atomic operations, which are the same at each run, and compare with
                  bench/counts.json and bench/atomics.json: exit code 1 where one has grown by more than a hundredth.
                  The atomic operations are left out where --atomics cannot count them

The recorded session and the Python original are looked for in ../shared, or in the folder that BUS_SHARED names; where
they are not there, their rows are left out, and the output mentions it. A missed target is printed and is no failure:
seconds depend on the machine.",
    run: run_task,
};

fn run_task(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let (mut quick, mut save, mut guarded) = (false, false, false);
    let (mut against, mut instructions, mut atomic) = (None, false, false);
    let mut workloads = Vec::new();
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Long("quick") => quick = true,
            lexopt::Arg::Long("save") => save = true,
            lexopt::Arg::Long("guard") => guarded = true,
            lexopt::Arg::Long("against") => against = Some(parser.value()?.to_string_lossy().into_owned()),
            lexopt::Arg::Long("instructions") => instructions = true,
            lexopt::Arg::Long("atomics") => atomic = true,
            lexopt::Arg::Value(word) => workloads.push(word.to_string_lossy().into_owned()),
            other => return Err(other.unexpected().into()),
        }
    }
    if instructions && against.is_none() {
        return Err(Failure::usage("`--instructions` compares: add `--against REVISION`"));
    }
    if guarded {
        return guard::run(save);
    }
    if atomic {
        return atomics::print(&build::own()?);
    }
    if let Some(revision) = &against {
        return against::run(&against::Asked { revision, workloads: &workloads, quick, instructions });
    }
    peers(quick, save, &workloads)
}

/// Beside the floor and the other libraries.
fn peers(quick: bool, save: bool, workloads: &[String]) -> Result<(), Failure> {
    let counts = guard::counts()?;
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

pub(crate) fn check() -> Result<(), Failure> {
    guard::run(false)
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
