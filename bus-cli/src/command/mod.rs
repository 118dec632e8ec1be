//! The commands.

mod diff;
mod doctor;
mod durations;
mod executions;
mod export;
mod import;
mod log;
mod query;
#[cfg(feature = "web")]
mod serve;
mod show;
mod tree;

use crate::args::{Call, Command};
use crate::output::Output;
use crate::source::Damage;
use crate::{Ended, Failure};

/// Runs the command of a call.
pub(crate) fn run(call: &Call, output: &mut Output) -> Result<Ended, Failure> {
    match &call.command {
        Command::Log(log) => log::run(call, log, output),
        Command::Show { id, payload, why } => show::run(call, id, (*payload, *why), output),
        Command::Executions(which) => executions::run(call, *which, output),
        Command::Query(query) => query::run(call, query, output),
        Command::Diff(diff) => diff::run(call, diff, output),
        #[cfg(feature = "web")]
        Command::Serve { port } => serve::run(call, *port, output),
        #[cfg(not(feature = "web"))]
        Command::Serve { .. } => {
            Err(Failure::usage("`bus serve` is not there: this `bus` was built without the feature `web`"))
        }
        Command::Export(format) => export::run(call, *format, output),
        Command::Import { file } => import::run(call, file, output),
        Command::Doctor => doctor::run(call, output),
    }
}

/// How a command ends that has written its answer.
fn ended(found: bool, damage: &Damage, output: &mut Output) -> Result<Ended, Failure> {
    output.flush()?;
    damage.report();
    Ok(if damage.places > 0 { Ended::Damaged } else { Ended::found(found) })
}
