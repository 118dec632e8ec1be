//! `bus executions`: one row an execution.

use std::time::Duration;

use bus_core::filter::Field;
use bus_core::{EventId, ExecutionState, ExecutionSummary, Executions, Filter, ReadEvent};
use bus_journal::Reader;
use serde_json::json;

use super::ended;
use crate::args::{Call, Which};
use crate::output::{Cell, Output, Style};
use crate::source::{Damage, Item, MORE, Source, failed};
use crate::time::{length, since_epoch, time_of_day};
use crate::{Ended, Failure};

/// The executions of a source.
#[derive(Default)]
pub(super) struct Found {
    pub(super) summaries: Vec<ExecutionSummary>,
    pub(super) damage: Damage,
    /// How many events there are, and how many of them carry no execution.
    events: u64,
    without: u64,
}

pub(super) fn run(call: &Call, which: Which, output: &mut Output) -> Result<Ended, Failure> {
    let source = Source::open(&call.source)?;
    let found = match &source {
        Source::Journal(journal) if call.filter.is_empty() => indexed(journal, &source, output)?,
        _ => read(&source, &call.filter, output, |_| true)?,
    };
    let rows: Vec<_> = found.summaries.iter().filter(|execution| which.takes(execution)).collect();
    write(&rows, output)?;
    output.flush()?;
    if found.without > 0 {
        eprintln!("! {} of {} events carry no execution", found.without, found.events);
    }
    ended(!rows.is_empty(), &found.damage, output)
}

/// The executions in the index of the journal, and its gaps.
fn indexed(journal: &Reader, source: &Source, output: &mut Output) -> Result<Found, Failure> {
    let summaries = in_index(journal)?;
    let all = journal.count(&Field::Kind, &Filter::new()).map_err(|error| failed(journal, error))?;
    let events = all.unwrap_or_default().iter().map(|(_, count)| count).sum();
    let within: u64 = summaries.iter().map(|execution| execution.events).sum();
    let damage = source.gaps(&Filter::new(), output)?;
    Ok(Found { summaries, damage, events, without: events.saturating_sub(within) })
}

/// The executions that the journal finds by its index, the first to begin first.
pub(super) fn in_index(journal: &Reader) -> Result<Vec<ExecutionSummary>, Failure> {
    let executions = journal.executions().map_err(|error| failed(journal, error))?;
    let mut summaries: Vec<_> = executions.into_iter().map(summary).collect();
    summaries.sort_by_key(|execution| execution.first);
    Ok(summaries)
}

fn summary(execution: bus_journal::Execution) -> ExecutionSummary {
    let mut summary = ExecutionSummary::new(execution.id);
    (summary.stream, summary.parent, summary.state) = (execution.stream, execution.parent, execution.state);
    (summary.start, summary.end) = (execution.start, execution.end);
    (summary.first, summary.last) = (Some(execution.begun), Some(execution.ended));
    (summary.events, summary.errors) = (execution.events, execution.errors);
    summary
}

/// The executions of the events that fit and that `takes` wants, by reading them once. The events
/// that it leaves still show where another run of the bus begins.
pub(super) fn read(
    source: &Source,
    filter: &Filter,
    output: &mut Output,
    mut takes: impl FnMut(&ReadEvent) -> bool,
) -> Result<Found, Failure> {
    let (mut executions, mut run, mut found) = (Executions::new(), None, Found::default());
    found.damage = source.all(filter, |item| {
        match item {
            Item::Gap(gap) => {
                if gap.interrupts {
                    executions.interrupt();
                }
                output.gap(&gap)?;
            }
            Item::Event(event, _) => {
                let own = event.id().map(EventId::run);
                if own.is_some() && run.is_some() && own != run {
                    // Another run of a bus: the one before is over.
                    executions.interrupt();
                }
                run = own.or(run);
                if !takes(&event) {
                    return MORE;
                }
                found.events += 1;
                found.without += u64::from(event.scope().execution().is_none());
                executions.add(&event);
            }
            Item::Idle => {}
        }
        MORE
    })?;
    found.summaries = executions.iter().cloned().collect();
    Ok(found)
}

impl Which {
    fn takes(self, execution: &ExecutionSummary) -> bool {
        let is_open = matches!(execution.state, ExecutionState::Running | ExecutionState::Paused);
        let is_failed = execution.state == ExecutionState::Failed || execution.errors > 0;
        let asked = match (self.open, self.failed) {
            (false, false) => true,
            (open, failed) => (open && is_open) || (failed && is_failed),
        };
        asked && self.slow.is_none_or(|limit| duration(execution).is_some_and(|took| took > limit))
    }
}

/// From its first event, or its beginning if that was seen, to its end or its last event.
fn duration(execution: &ExecutionSummary) -> Option<Duration> {
    let (begin, end) = (execution.start.or(execution.first)?, execution.end.or(execution.last)?);
    Some(end.duration_since(begin).unwrap_or_default())
}

/// Writes a row for each execution, below titles.
pub(super) fn write(rows: &[&ExecutionSummary], output: &mut Output) -> Result<(), Failure> {
    if !output.json && !rows.is_empty() {
        let titles = ["EXECUTION", "STREAM", "STATE", "BEGAN", "TIME", "EVENTS", "ERRORS", "PARENT"];
        row(output, Style::Bold, titles)?;
    }
    for execution in rows {
        let ExecutionSummary { id, stream, parent, state, events, errors, .. } = execution;
        let (start, took) = (execution.start.or(execution.first), duration(execution));
        if output.json {
            let line = json!({
                "execution": id, "stream": stream, "parent": parent, "state": state.as_str(),
                "start_ms": start.map(|time| since_epoch(time).as_millis()),
                "end_ms": execution.end.map(|time| since_epoch(time).as_millis()),
                "millis": took.map(|took| took.as_millis()), "events": events, "errors": errors,
            });
            output.line(&line.to_string())?;
            continue;
        }
        let style = match state {
            ExecutionState::Failed | ExecutionState::Interrupted => Style::Error,
            _ if *errors > 0 => Style::Error,
            _ => Style::Plain,
        };
        let began = start.map(time_of_day).unwrap_or_default();
        let (took, events, errors) =
            (took.map(length).unwrap_or_default(), events.to_string(), errors.to_string());
        let parent = parent.as_deref().unwrap_or_default();
        row(output, style, [id, stream, state.as_str(), &began, &took, &events, &errors, parent])?;
    }
    Ok(())
}

fn row(output: &mut Output, style: Style, texts: [&str; 8]) -> Result<(), Failure> {
    let (id, stream) = if output.is_narrow() { (14, 8) } else { (24, 14) };
    let widths = [id, stream, 11, 12, 8, 6, 6, 0];
    let mut cells: Vec<_> =
        texts.into_iter().zip(widths).map(|(text, width)| Cell::new(text, width).style(style)).collect();
    cells[0] = Cell::id(texts[0], widths[0]).style(style);
    Ok(output.row(&cells)?)
}
