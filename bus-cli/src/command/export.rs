//! `bus export`: the events as JSON lines, for another program.

use bus_journal::ExportError;

use super::ended;
use crate::args::Call;
use crate::output::Output;
use crate::source::{Damage, Item, MORE, Source, failed};
use crate::{Ended, Failure};

/// Gaps are no events, so they stand beside the lines: on the terminal, and in the exit code.
pub(super) fn run(call: &Call, output: &mut Output) -> Result<Ended, Failure> {
    let (mut found, source) = (false, Source::open(&call.source)?);
    let damage = match &source {
        Source::Journal(journal) => {
            let query = journal.query().matching(call.filter.clone()).oldest_first();
            let mut lines = output.lines();
            let gaps = query.export(&mut lines).map_err(|error| match error {
                ExportError::Query(error) => failed(journal, error),
                ExportError::Io(error) => Failure::from(error),
                other => Failure::source(other),
            })?;
            found = lines.any;
            for gap in &gaps {
                eprintln!("! {gap}");
            }
            Damage::gaps(&gaps)
        }
        _ => source.all(&call.filter, |item| {
            match item {
                Item::Event(_, line) => {
                    found = true;
                    output.line(line)?;
                }
                Item::Gap(gap) => eprintln!("! {gap}"),
                Item::Idle => {}
            }
            MORE
        })?,
    };
    ended(found, &damage, output)
}
