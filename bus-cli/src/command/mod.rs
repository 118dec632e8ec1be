//! The commands.

mod executions;
mod log;
mod query;
mod show;

use std::ops::ControlFlow;

use crate::args::{Call, Command};
use crate::output::Output;
use crate::source::{self, Found};
use crate::{Ended, Failure};

/// Runs the command of a call.
pub(crate) fn run(call: &Call, output: &mut Output) -> Result<Ended, Failure> {
    match &call.command {
        Command::Log { last, deltas } => log::run(call, *last, *deltas, output),
        Command::Show { id } => show::run(call, id, output),
        Command::Executions { failed } => executions::run(call, *failed, output),
        Command::Query { by } => query::run(call, by, output),
    }
}

/// Reads the events of the source that fit the filter, and reports damaged lines.
fn each(
    call: &Call,
    mut each: impl FnMut(Found<'_>) -> Result<ControlFlow<()>, Failure>,
) -> Result<source::Damage, Failure> {
    let fits = |found: &Found<'_>| call.filter.is_empty() || call.filter.matches(&found.event);
    source::read(&call.source, |found| if fits(&found) { each(found) } else { Ok(ControlFlow::Continue(())) })
}

/// How a command ends that has written its answer.
fn ended(found: bool, damage: &source::Damage, output: &mut Output) -> Result<Ended, Failure> {
    output.flush()?;
    damage.report();
    Ok(if damage.lines > 0 { Ended::Damaged } else { Ended::found(found) })
}
