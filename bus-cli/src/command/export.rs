//! `bus export`: the events as JSON lines, for another program.

use std::path::Path;

use bus_core::{Filter, ReadEvent};
use bus_journal::{ExportError, Reader};

use super::ended;
use crate::args::{Call, Format};
use crate::output::Output;
use crate::source::{Damage, Item, MORE, Source, failed};
use crate::{Ended, Failure};

/// Gaps are no events, so they stand beside the lines: on the terminal, and in the exit code.
pub(super) fn run(call: &Call, format: Format, output: &mut Output) -> Result<Ended, Failure> {
    let (mut found, source) = (false, Source::open(&call.source)?);
    let damage = match (&source, format) {
        (Source::Journal(journal), Format::Lines) => lines(journal, &call.filter, &mut found, output)?,
        (_, Format::Lines) => source.all(&call.filter, |item| {
            write(item, |_, line| {
                found = true;
                output.line(line)
            })
        })?,
        (_, Format::CloudEvents) => {
            let recording = name(&call.source);
            let mut number = 0_u64;
            // All of them are read, so that the number of one is the same with any filter.
            source.all(&Filter::new(), |item| {
                write(item, |event, _| {
                    number += 1;
                    if !call.filter.matches(event) {
                        return Ok(());
                    }
                    found = true;
                    output.line(&event.to_cloudevent(&format!("{recording}-{number}")))
                })
            })?
        }
    };
    ended(found, &damage, output)
}

/// The lines of a journal, which no event has to be read for.
fn lines(
    journal: &Reader,
    filter: &Filter,
    found: &mut bool,
    output: &mut Output,
) -> Result<Damage, Failure> {
    let query = journal.query().matching(filter.clone()).oldest_first();
    let mut lines = output.lines();
    let gaps = query.export(&mut lines).map_err(|error| match error {
        ExportError::Query(error) => failed(journal, error),
        ExportError::Io(error) => Failure::from(error),
        other => Failure::source(other),
    })?;
    *found = lines.any;
    for gap in &gaps {
        eprintln!("! {gap}");
    }
    Ok(Damage::gaps(&gaps))
}

fn write(item: Item<'_>, each: impl FnOnce(&ReadEvent, &str) -> std::io::Result<()>) -> crate::source::Next {
    match item {
        Item::Event(event, line) => each(&event, line)?,
        Item::Gap(gap) => eprintln!("! {gap}"),
        Item::Idle => {}
    }
    MORE
}

/// The name of a recording, for the ids of events that have none.
fn name(path: &Path) -> String {
    let file = path.file_stem().map(|name| name.to_string_lossy().into_owned());
    file.filter(|name| name != "-").unwrap_or_else(|| "event".to_owned())
}
