//! `bus show EXECUTION`: what an execution began, inside of what.

use std::collections::HashMap;
use std::time::Duration;

use bus_core::{EventBus, Filter, ReadEvent};

use super::log::is_same;
use super::{ended, executions};
use crate::output::{Cell, Output, Style};
use crate::pairs::Pairs;
use crate::source::{Item, MORE, Source};
use crate::time::{length, time_of_day};
use crate::{Ended, Failure};

/// An event of the execution, or several alike.
struct Row {
    event: ReadEvent,
    count: u64,
    /// How many kinds of things were open when it came.
    depth: usize,
    /// The event that ended what it began, and how long that took.
    end: Option<(ReadEvent, Duration)>,
}

/// Writes the row of an execution, of those that it began, and its events as a tree.
pub(super) fn run(source: &Source, id: &str, output: &mut Output) -> Result<Ended, Failure> {
    let filter = Filter::new().execution(id);
    if output.json {
        let mut found = false;
        let damage = source.all(&filter, |item| {
            match item {
                Item::Event(_, line) => {
                    found = true;
                    output.line(line)?;
                }
                Item::Gap(gap) => output.gap(&gap)?,
                Item::Idle => {}
            }
            MORE
        })?;
        return ended(found, &damage, output);
    }
    let own = executions::read(source, &filter, output)?;
    if own.summaries.is_empty() {
        return ended(false, &own.damage, output);
    }
    let children = executions::read(source, &Filter::new().parent_execution(id), output)?;
    let all: Vec<_> = own.summaries.iter().chain(&children.summaries).collect();
    executions::write(&all, output)?;
    for row in rows(source, &filter)? {
        write(&row, output)?;
    }
    ended(true, &own.damage, output)
}

fn rows(source: &Source, filter: &Filter) -> Result<Vec<Row>, Failure> {
    let (mut rows, mut pairs) = (Vec::<Row>::new(), Pairs::new(&EventBus::new().catalogue(), &[]));
    // The rows of what began, by its number.
    let mut begun: HashMap<u64, usize> = HashMap::new();
    source.all(filter, |item| {
        let Item::Event(event, _) = item else { return MORE };
        let (depth, number) = (pairs.depth(&event), pairs.begun);
        let ended = pairs.add(&event);
        let is_end = ended.iter().any(|pair| pair.end.is_some());
        for pair in &ended {
            let end = pair.end.clone().zip(pair.duration());
            if let Some(row) = begun.remove(&pair.number) {
                rows[row].end = end;
            }
        }
        if pairs.begun > number {
            begun.insert(pairs.begun, rows.len());
        } else if is_end {
            return MORE;
        }
        match rows.last_mut() {
            Some(last)
                if event.descriptor().is_some_and(|event| event.policy.transient)
                    && is_same(&last.event, &event) =>
            {
                last.count += 1;
            }
            _ => rows.push(Row { event, count: 1, depth, end: None }),
        }
        MORE
    })?;
    Ok(rows)
}

fn write(row: &Row, output: &mut Output) -> Result<(), Failure> {
    let Row { event, count, depth, end } = row;
    let indent = "  ".repeat(*depth);
    let kind = if *count > 1 { format!("×{count} {}", event.kind()) } else { event.kind().to_owned() };
    let is_open = end.is_none() && event.descriptor().is_some_and(|event| !event.ends_with.is_empty());
    let took = match end {
        Some((_, took)) => length(*took),
        None if is_open => "open".to_owned(),
        None => String::new(),
    };
    let failed = end.as_ref().map(|(end, _)| end).filter(|end| end.is_error());
    // The end of what failed says why.
    let data = failed.unwrap_or(event).data().to_string();
    let style = if failed.is_some() || event.is_error() { Style::Error } else { Style::Plain };
    let of_kind = if output.is_narrow() { 28 } else { 40 };
    Ok(output.row(&[
        Cell::new(&time_of_day(event.timestamp()), 12).style(Style::Dim),
        Cell::new(&format!("{indent}{kind}"), of_kind).style(style),
        Cell::new(&format!("{took:>9}"), 9),
        Cell::new(event.scope().node().unwrap_or_default(), if output.is_narrow() { 8 } else { 12 }),
        Cell::new(&data, 0).style(Style::Dim),
    ])?)
}
