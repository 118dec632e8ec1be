//! `cargo xtask sim`: the whole bus in a simulation, each program and its schedule from one seed.

use lexopt::prelude::*;

use crate::process::{cargo, run};
use crate::task::{Failure, Task};
use crate::workspace;

pub(crate) const TASK: Task = Task {
    name: "sim",
    summary: "Simulate the whole bus from seeds: hostile callbacks, runtimes that stop, threads that die.",
    help: "
Usage: cargo xtask sim [--seeds N] [--from S] [--without FEATURES] [--trace]

  --seeds N             how many programs (1,000 unless given)
  --from S              the seed of the first one (0 unless given)
  --without FEATURES    behaviours that no program has, with commas between: those of bus-model/tests/sim/features.rs
  --trace               say what each callback does: for one seed

Builds bus-core with its locks, atomics, runtimes and timers switched (`--cfg bus_shuttle`) and runs
bus-model/tests/sim. Time is virtual. A seed that fails is printed with the command that runs it again.

Exit code: 0 if every program kept every promise, 1 with the seeds that did not.",
    run: run_task,
};

fn run_task(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let (mut seeds, mut from, mut trace) = (1_000_u64, 0_u64, false);
    let mut without: Option<String> = None;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("seeds") => seeds = parser.value()?.parse()?,
            Long("from") => from = parser.value()?.parse()?,
            Long("without") => without = Some(parser.value()?.parse()?),
            Long("trace") => trace = true,
            _ => return Err(argument.unexpected().into()),
        }
    }
    let mut command = cargo();
    command
        .args(["test", "--quiet", "--release", "--locked", "--package", "bus-model", "--test", "sim"])
        .args(["--", "--exact", "every_program_keeps_the_promises", "--nocapture"])
        .env("RUSTFLAGS", "--cfg bus_shuttle")
        .env("CARGO_TARGET_DIR", workspace::target_folder()?.join("shuttle"))
        .env("BUS_SIM_SEEDS", seeds.to_string())
        .env("BUS_SIM_FROM", from.to_string());
    if let Some(without) = without {
        command.env("BUS_SIM_WITHOUT", without);
    }
    if trace {
        command.env("BUS_SIM_TRACE", "1");
    }
    run(&mut command)
}
