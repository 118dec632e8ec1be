//! `bus show EXECUTION`: what an execution began, inside of what.

use std::collections::HashMap;
use std::time::Duration;

use bus_core::{Filter, ReadEvent};

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
    if output.json {
        let mut found = false;
        let damage = source.all(&Filter::new().execution(id), |item| {
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
    let mut tree = Tree { rows: Vec::new(), pairs: Pairs::new(&[])?, begun: HashMap::new() };
    let mut found = family(source, id, &mut tree, output)?;
    found.summaries.retain(|other| other.id == id || other.parent.as_deref() == Some(id));
    if !found.summaries.iter().any(|execution| execution.id == id) {
        return ended(false, &found.damage, output);
    }
    found.summaries.sort_by_key(|execution| execution.id != id);
    executions::write(&found.summaries.iter().collect::<Vec<_>>(), output)?;
    for row in &tree.rows {
        write(row, output)?;
    }
    ended(true, &found.damage, output)
}

/// Reads the events of an execution into a tree, and returns at least this execution and those that
/// it began.
fn family(
    source: &Source,
    id: &str,
    tree: &mut Tree,
    output: &mut Output,
) -> Result<executions::Found, Failure> {
    if let Source::Journal(journal) = source {
        // No index leads to the children, but one has all executions.
        let mut own =
            executions::read(source, &Filter::new().execution(id), output, |event| tree.add(event))?;
        own.summaries = executions::in_index(journal)?;
        return Ok(own);
    }
    executions::read(source, &Filter::new(), output, |event| {
        let scope = event.scope();
        let is_own = scope.execution() == Some(id);
        (is_own && tree.add(event)) || scope.parent_execution() == Some(id)
    })
}

/// The events of an execution, in rows.
struct Tree {
    rows: Vec<Row>,
    pairs: Pairs,
    /// The rows of what began, by its number.
    begun: HashMap<u64, usize>,
}

impl Tree {
    /// Adds the next event. Returns that it did.
    fn add(&mut self, event: &ReadEvent) -> bool {
        let (depth, number) = (self.pairs.depth(event), self.pairs.begun);
        let ended = self.pairs.add(event);
        for pair in &ended {
            let end = pair.end.clone().zip(pair.duration());
            if let Some(row) = self.begun.remove(&pair.number) {
                self.rows[row].end = end;
            }
        }
        if self.pairs.begun > number {
            self.begun.insert(self.pairs.begun, self.rows.len());
        } else if ended.iter().any(|pair| pair.end.is_some()) {
            return true;
        }
        match self.rows.last_mut() {
            Some(last)
                if event.descriptor().is_some_and(|event| event.policy.transient)
                    && is_same(&last.event, event) =>
            {
                last.count += 1;
            }
            _ => self.rows.push(Row { event: event.clone(), count: 1, depth, end: None }),
        }
        true
    }
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
