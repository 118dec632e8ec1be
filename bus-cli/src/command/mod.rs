//! The commands.

mod doctor;
mod executions;
mod import;
mod log;
mod query;
mod show;

use std::ops::ControlFlow;

use bus_core::ReadEvent;

use crate::args::{Call, Command};
use crate::output::Output;
use crate::source::{self, Damage, Item};
use crate::{Ended, Failure};

/// Runs the command of a call.
pub(crate) fn run(call: &Call, output: &mut Output) -> Result<Ended, Failure> {
    match &call.command {
        Command::Log { last, deltas } => log::run(call, *last, *deltas, output),
        Command::Show { id } => show::run(call, id, output),
        Command::Executions(which) => executions::run(call, *which, output),
        Command::Query { by } => query::run(call, by, output),
        Command::Import { file } => import::run(call, file, output),
        Command::Doctor => doctor::run(call, output),
    }
}

/// Reads the events of the source that fit the filter. A gap is a line of the output.
fn each(
    call: &Call,
    output: &mut Output,
    mut each: impl FnMut(ReadEvent, &str, &mut Output) -> Result<ControlFlow<()>, Failure>,
) -> Result<Damage, Failure> {
    source::read(&call.source, &call.filter, |item| match item {
        Item::Event(event, line) => each(event, line, output),
        Item::Gap(gap) => {
            output.gap(&gap)?;
            Ok(ControlFlow::Continue(()))
        }
    })
}

/// How a command ends that has written its answer.
fn ended(found: bool, damage: &Damage, output: &mut Output) -> Result<Ended, Failure> {
    output.flush()?;
    damage.report();
    Ok(if damage.places > 0 { Ended::Damaged } else { Ended::found(found) })
}
