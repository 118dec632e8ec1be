//! `cargo xtask models`: the delivery core under loom and shuttle.

use crate::process::{cargo, run};
use crate::task::{Failure, Task};
use crate::workspace;

pub(crate) const TASK: Task = Task {
    name: "models",
    summary: "Run the models of interleaving: small programs under loom, larger mixes under shuttle.",
    help: "
Usage: cargo xtask models [--exhaustive]

  --exhaustive   no bound on preemptions under loom, and 100,000 schedules of each kind for each mix under shuttle

Builds bus-core twice with its locks and atomics switched (`--cfg bus_loom`, `--cfg bus_shuttle`) and runs
bus-model/tests/loom and shuttle.rs. Each model is run again with a fault planted in the bus that it must catch. The
lines tell how many interleavings and schedules were looked at.

Exit code: 0 if every model held and every planted fault was caught, 1 if not.",
    run: run_task,
};

fn run_task(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let mut exhaustive = false;
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Long("exhaustive") => exhaustive = true,
            _ => return Err(argument.unexpected().into()),
        }
    }
    let loom = model("loom", exhaustive);
    let shuttle = model("shuttle", exhaustive);
    loom.and(shuttle)
}

/// Each switch has a target folder of its own, so that it does not build everything else anew.
fn model(name: &str, exhaustive: bool) -> Result<(), Failure> {
    let mut command = cargo();
    command
        .args(["test", "--quiet", "--release", "--locked", "--package", "bus-model", "--test", name])
        .args(["--", "--nocapture", "--test-threads", "1"])
        .env("RUSTFLAGS", format!("--cfg bus_{name}"))
        .env("CARGO_TARGET_DIR", workspace::target_folder()?.join(name));
    if exhaustive {
        command.env("BUS_EXHAUSTIVE", "1").env("BUS_SCHEDULES", "100000");
    }
    run(&mut command)
}
