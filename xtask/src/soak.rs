//! `cargo xtask soak`: a load of every feature at once, for a given time.

use std::time::Instant;

use lexopt::prelude::*;

use crate::process::{cargo, run};
use crate::task::{Failure, Task};

pub(crate) const TASK: Task = Task {
    name: "soak",
    summary: "Load one bus with every feature for N minutes, and check its accounts meanwhile.",
    help: "
Usage: cargo xtask soak [--minutes N]

  --minutes N   the time (1 unless given); ten minutes on two cores are more than 10,000,000 events

Two runtimes and plain threads publish; subscriptions of every sort come and go; handlers are slow, fail, panic, or
time out. The stats must add up at every look, each subscription must see its events in order, memory must not grow,
delivery must make progress, and at the end receipts, handlers and stats must agree on every event.

Exit code: 0 if all of that held, 1 with the first check that failed.",
    run: run_task,
};

fn run_task(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let mut minutes = 1_u32;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("minutes") => minutes = parser.value()?.parse()?,
            _ => return Err(argument.unexpected().into()),
        }
    }
    let begun = Instant::now();
    run(cargo()
        .args(["run", "--quiet", "--release", "--locked", "--package", "bus-model", "--bin", "soak", "--"])
        .args(["--minutes", &minutes.to_string()]))?;
    println!("soak: all held, {:.0} s with building", begun.elapsed().as_secs_f64());
    Ok(())
}
