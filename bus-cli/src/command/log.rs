//! `bus log`: events in order.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::time::SystemTime;

use bus_core::ReadEvent;

use super::{each, ended};
use crate::args::Call;
use crate::output::{Cell, Output, Style};
use crate::{Ended, Failure};

pub(super) fn run(
    call: &Call,
    last: Option<usize>,
    deltas: bool,
    output: &mut Output,
) -> Result<Ended, Failure> {
    let mut rows = Rows { folds: !deltas, run: None, found: false };
    let mut kept = VecDeque::new();
    let damage = each(call, output, |event, line, output| {
        match last {
            None => rows.add(event, line, output)?,
            Some(0) => {}
            Some(last) => {
                if kept.len() == last {
                    kept.pop_front();
                }
                kept.push_back((event, line.to_owned()));
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    for (event, line) in kept {
        rows.add(event, &line, output)?;
    }
    rows.end(output)?;
    ended(rows.found, &damage, output)
}

/// Writes events, and folds runs of `transient` ones of one kind and scope into one row.
struct Rows {
    folds: bool,
    /// The last of a run, and how many there were.
    run: Option<(ReadEvent, u64)>,
    found: bool,
}

impl Rows {
    fn add(&mut self, event: ReadEvent, line: &str, output: &mut Output) -> Result<(), Failure> {
        self.found = true;
        if output.json {
            return Ok(output.line(line)?);
        }
        if let Some((last, count)) = &mut self.run
            && is_same(last, &event)
        {
            (*last, *count) = (event, *count + 1);
            return Ok(());
        }
        self.end(output)?;
        if self.folds && event.descriptor().is_some_and(|event| event.policy.transient) {
            self.run = Some((event, 1));
            return Ok(());
        }
        row(&event, 1, output)
    }

    /// Writes the run that has ended.
    fn end(&mut self, output: &mut Output) -> Result<(), Failure> {
        match self.run.take() {
            Some((last, count)) => row(&last, count, output),
            None => Ok(()),
        }
    }
}

fn row(event: &ReadEvent, count: u64, output: &mut Output) -> Result<(), Failure> {
    let (scope, time) = (event.scope(), time_of_day(event.timestamp()));
    let seq = event.seq().map(|seq| seq.to_string()).unwrap_or_default();
    let kind = if count > 1 { format!("{} ×{count}", event.kind()) } else { event.kind().to_owned() };
    let run = scope.execution().unwrap_or(scope.stream());
    let data = event.data().to_string();
    let style = if event.is_error() { Style::Error } else { Style::Plain };
    let [of_seq, of_kind, of_run, of_node] = if output.is_narrow() { [6, 20, 8, 8] } else { [7, 26, 14, 12] };
    Ok(output.row(&[
        Cell::new(&time, 12).style(Style::Dim),
        Cell::new(&seq, of_seq).style(Style::Dim),
        Cell::new(&kind, of_kind).style(style),
        Cell::id(run, of_run),
        Cell::new(scope.node().unwrap_or_default(), of_node),
        Cell::new(&data, 0).style(Style::Dim),
    ])?)
}

fn is_same(one: &ReadEvent, other: &ReadEvent) -> bool {
    let (a, b) = (one.scope(), other.scope());
    one.kind() == other.kind()
        && (a.execution(), a.stream(), a.node()) == (b.execution(), b.stream(), b.node())
}

/// The time of day in UTC, to the millisecond.
pub(super) fn time_of_day(time: SystemTime) -> String {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let (seconds, millis) = (since.as_secs() % 86_400, since.subsec_millis());
    format!("{:02}:{:02}:{:02}.{millis:03}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}
