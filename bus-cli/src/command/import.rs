//! `bus import`: takes the events of a recording into a journal.

use std::path::Path;

use bus_core::EventBus;
use bus_journal::{ImportError, Journal};

use crate::args::Call;
use crate::output::Output;
use crate::source::lines_of;
use crate::{Ended, Failure};

pub(super) fn run(call: &Call, file: &Path, output: &mut Output) -> Result<Ended, Failure> {
    let lines = lines_of(file)?;
    let bus = EventBus::builder().build().map_err(Failure::source)?;
    let journal = Journal::open(&call.source).map_err(|error| Failure::open(&call.source, &error))?;
    let imported = journal.import(bus.reader().lines(lines)).map_err(|error| match error {
        ImportError::Line(error) => Failure { code: 3, text: format!("`{}`: {error}", file.display()) },
        other => Failure::source(other),
    })?;
    output.line(&format!("{} events imported, {} were there already", imported.stored, imported.known))?;
    Ok(Ended::found(imported.stored > 0))
}
