//! `bus executions`: one row an execution.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::time::SystemTime;

use bus_core::ReadEvent;
use serde_json::json;

use super::{each, ended};
use crate::args::Call;
use crate::command::log::time_of;
use crate::output::{Cell, Output, Style};
use crate::{Ended, Failure};

/// The counts of one execution.
struct Row {
    id: String,
    stream: String,
    parent: Option<String>,
    began: String,
    first: SystemTime,
    last: SystemTime,
    events: u64,
    errors: u64,
}

pub(super) fn run(call: &Call, failed: bool, output: &mut Output) -> Result<Ended, Failure> {
    let mut rows: Vec<Row> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let (mut events, mut without) = (0_u64, 0_u64);
    let damage = each(call, |found| {
        let event = &found.event;
        events += 1;
        match event.scope().execution() {
            None => without += 1,
            Some(id) => {
                let at = places.get(id).copied().unwrap_or_else(|| {
                    places.insert(id.to_owned(), rows.len());
                    rows.push(Row::begin(id, event));
                    rows.len() - 1
                });
                rows[at].add(event);
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    rows.retain(|row| !failed || row.errors > 0);
    write(&rows, output)?;
    output.flush()?;
    if without > 0 {
        eprintln!("! {without} of {events} events carry no execution");
    }
    ended(!rows.is_empty(), &damage, output)
}

fn write(rows: &[Row], output: &mut Output) -> Result<(), Failure> {
    if !output.json && !rows.is_empty() {
        row(output, Style::Bold, ["EXECUTION", "STREAM", "BEGAN", "TIME", "EVENTS", "ERRORS", "PARENT"])?;
    }
    for found in rows {
        let millis = found.last.duration_since(found.first).unwrap_or_default().as_millis();
        let Row { id, stream, parent, began, events, errors, .. } = found;
        if output.json {
            let line = json!({
                "execution": id, "stream": stream, "parent": parent, "began": began,
                "millis": millis, "events": events, "errors": errors,
            });
            output.line(&line.to_string())?;
            continue;
        }
        let style = if *errors > 0 { Style::Error } else { Style::Plain };
        let (time, events, errors) = (length(millis), events.to_string(), errors.to_string());
        let parent = parent.as_deref().unwrap_or_default();
        row(output, style, [id, stream, began, &time, &events, &errors, parent])?;
    }
    Ok(())
}

fn row(output: &mut Output, style: Style, texts: [&str; 7]) -> Result<(), Failure> {
    let widths = [24, 14, 12, 8, 7, 6, 0];
    let mut cells: Vec<_> =
        texts.into_iter().zip(widths).map(|(text, width)| Cell::new(text, width)).collect();
    cells[0] = Cell::id(texts[0], widths[0]);
    let cells: Vec<_> = cells.into_iter().map(|cell| cell.style(style)).collect();
    Ok(output.row(&cells)?)
}

/// A duration as a person says it.
fn length(millis: u128) -> String {
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{}.{} s", millis / 1_000, millis / 100 % 10),
        _ => format!("{} min", millis / 60_000),
    }
}

impl Row {
    fn begin(id: &str, event: &ReadEvent) -> Self {
        let (scope, at) = (event.scope(), event.timestamp());
        Self {
            id: id.to_owned(),
            stream: scope.stream().to_owned(),
            parent: scope.parent_execution().map(ToOwned::to_owned),
            began: time_of(event),
            first: at,
            last: at,
            events: 0,
            errors: 0,
        }
    }

    fn add(&mut self, event: &ReadEvent) {
        self.last = self.last.max(event.timestamp());
        self.events += 1;
        self.errors += u64::from(event.is_error());
    }
}
