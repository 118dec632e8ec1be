//! `cargo xtask soak`: everything at once, for as long as asked.

use std::time::Instant;

use lexopt::prelude::*;

use crate::process::{cargo, run};
use crate::task::{Failure, Task};

pub(crate) const TASK: Task = Task {
    name: "soak",
    summary: "Load one bus with everything at once for N minutes, and check its accounts all the while.",
    help: "
Usage: cargo xtask soak [--minutes N]

  --minutes N   how long (1 unless given); ten minutes on two cores are more than 10,000,000 events

Two runtimes and plain threads publish; subscriptions of every sort come and go; handlers are slow, fail, panic, run into
their time-out. The accounts of the stats must add up at every look, each subscription must see its events in order,
memory must stay flat, nothing may stand still, and at the end receipts, handlers and stats must agree to the event.

Exit code: 0 if all of that held, 1 with the first thing that did not.",
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
