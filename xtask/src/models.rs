//! `cargo xtask models`: the delivery core under loom and shuttle.

use lexopt::prelude::*;

use crate::process::{cargo, run};
use crate::task::{Failure, Task};
use crate::workspace;

pub(crate) const TASK: Task = Task {
    name: "models",
    summary: "Run the models of interleaving: small programs under loom, larger mixes under shuttle.",
    help: "
Usage: cargo xtask models [--exhaustive] [--seconds N]

  --exhaustive   no bound on preemptions under loom, and 100,000 schedules of each kind for each mix under shuttle
  --seconds N    the time of each model under loom (300 unless given); the lines say which were explored completely

Builds bus-core twice with its locks and atomics switched (`--cfg bus_loom`, `--cfg bus_shuttle`) and runs
bus-model/tests/loom, shuttle.rs and sim (1,000 programs; `cargo xtask sim` runs others). Each model runs again
with a failpoint in the bus switched on, which it must catch. The lines say how many interleavings and schedules
were explored.

Exit code: 0 if every model held and every failpoint was caught, 1 if not.",
    run: run_task,
};

fn run_task(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let (mut exhaustive, mut seconds) = (false, 300_u32);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("exhaustive") => exhaustive = true,
            Long("seconds") => seconds = parser.value()?.parse()?,
            _ => return Err(argument.unexpected().into()),
        }
    }
    let seconds = exhaustive.then_some(seconds);
    let loom = model("loom", "loom", seconds);
    let shuttle = model("shuttle", "shuttle", seconds);
    let sim = model("shuttle", "sim", seconds);
    loom.and(shuttle).and(sim)
}

/// Each switch has a target folder of its own, so that it does not rebuild everything else.
fn model(switch: &str, name: &str, exhaustive: Option<u32>) -> Result<(), Failure> {
    let mut command = cargo();
    command
        .args(["test", "--quiet", "--release", "--locked", "--package", "bus-model", "--test", name])
        .args(["--", "--nocapture", "--test-threads", "1"])
        .env("RUSTFLAGS", format!("--cfg bus_{switch}"))
        .env("CARGO_TARGET_DIR", workspace::target_folder()?.join(switch));
    if let Some(seconds) = exhaustive {
        command
            .env("BUS_EXHAUSTIVE", seconds.to_string())
            .env("BUS_SCHEDULES", "100000")
            .env("BUS_SIM_SEEDS", "100000");
    }
    run(&mut command)
}
