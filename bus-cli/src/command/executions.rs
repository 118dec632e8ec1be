//! `bus executions`: one row an execution.

use std::ops::ControlFlow;
use std::time::SystemTime;

use bus_core::{EventId, ExecutionState, ExecutionSummary, Executions};
use bus_journal::GapCause;
use serde_json::json;

use super::ended;
use crate::args::{Call, Which};
use crate::command::log::time_of_day;
use crate::output::{Cell, Output, Style};
use crate::source::{self, Item};
use crate::{Ended, Failure};

pub(super) fn run(call: &Call, which: Which, output: &mut Output) -> Result<Ended, Failure> {
    let (mut executions, mut run) = (Executions::new(), None);
    let (mut events, mut without) = (0_u64, 0_u64);
    let damage = source::read(&call.source, &call.filter, |item| {
        match item {
            Item::Gap(gap) => {
                if gap.cause == GapCause::Interrupted {
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
                events += 1;
                without += u64::from(event.scope().execution().is_none());
                executions.add(&event);
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let rows: Vec<_> = executions.iter().filter(|execution| which.takes(execution)).collect();
    write(&rows, output)?;
    output.flush()?;
    if without > 0 {
        eprintln!("! {without} of {events} events carry no execution");
    }
    ended(!rows.is_empty(), &damage, output)
}

impl Which {
    fn takes(self, execution: &ExecutionSummary) -> bool {
        let is_open = matches!(execution.state, ExecutionState::Running | ExecutionState::Paused);
        let is_failed = execution.state == ExecutionState::Failed || execution.errors > 0;
        match (self.open, self.failed) {
            (false, false) => true,
            (open, failed) => (open && is_open) || (failed && is_failed),
        }
    }
}

fn write(rows: &[&ExecutionSummary], output: &mut Output) -> Result<(), Failure> {
    if !output.json && !rows.is_empty() {
        let titles = ["EXECUTION", "STREAM", "STATE", "BEGAN", "TIME", "EVENTS", "ERRORS", "PARENT"];
        row(output, Style::Bold, titles)?;
    }
    for execution in rows {
        let ExecutionSummary { id, stream, parent, state, start, last, events, errors, .. } = execution;
        let end = execution.end.or(*last);
        let millis =
            start.zip(end).map(|(start, end)| end.duration_since(start).unwrap_or_default().as_millis());
        if output.json {
            let line = json!({
                "execution": id, "stream": stream, "parent": parent, "state": state.as_str(),
                "start_ms": start.map(since_epoch), "end_ms": execution.end.map(since_epoch),
                "millis": millis, "events": events, "errors": errors,
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
        let (time, events, errors) =
            (millis.map(length).unwrap_or_default(), events.to_string(), errors.to_string());
        let parent = parent.as_deref().unwrap_or_default();
        row(output, style, [id, stream, state.as_str(), &began, &time, &events, &errors, parent])?;
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

fn since_epoch(time: SystemTime) -> u128 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis()
}

/// A duration as a person says it.
fn length(millis: u128) -> String {
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{}.{} s", millis / 1_000, millis / 100 % 10),
        _ => format!("{} min", millis / 60_000),
    }
}
