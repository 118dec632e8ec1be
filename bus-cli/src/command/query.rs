//! `bus query`: counts by a part of the events.

use std::collections::HashMap;

use serde_json::Value;

use super::{durations, ended};
use crate::args::{Call, Query};
use crate::key::{self, Key};
use crate::output::{Cell, Output, Style};
use crate::source::{Damage, Item, MORE, Source, failed};
use crate::{Ended, Failure};

/// How many events there are with each value of the keys.
type Counts = Vec<(Vec<String>, u64)>;

pub(super) fn run(call: &Call, query: &Query, output: &mut Output) -> Result<Ended, Failure> {
    let keys = Key::parse_all(&query.by)?;
    let source = Source::open(&call.source)?;
    if !(query.percentiles.is_empty() && call.span.is_any()) {
        return durations::run(call, &source, &keys, &query.percentiles, output);
    }
    let (rows, damage) = match counted(call, &source, &keys, output)? {
        Some(counted) => counted,
        None => read(call, &source, &keys, output)?,
    };
    if !output.json && !rows.is_empty() {
        row(output, Style::Bold, "COUNT", &query.by)?;
    }
    for (values, count) in &rows {
        if output.json {
            let count = std::iter::once(("count".to_owned(), (*count).into()));
            output.line(&line(&keys, values, count))?;
        } else {
            row(output, Style::Plain, &count.to_string(), &values.join(" "))?;
        }
    }
    ended(!rows.is_empty(), &damage, output)
}

/// The counts of a journal that knows them without reading events.
fn counted(
    call: &Call,
    source: &Source,
    keys: &[Key],
    output: &mut Output,
) -> Result<Option<(Counts, Damage)>, Failure> {
    let (Source::Journal(journal), [key]) = (source, keys) else { return Ok(None) };
    let counts = journal.count(&key.field, &call.filter).map_err(|error| failed(journal, error))?;
    let Some(counts) = counts else { return Ok(None) };
    let rows = counts.into_iter().map(|(value, count)| (vec![value], count)).collect();
    Ok(Some((rows, source.gaps(&call.filter, output)?)))
}

/// The counts of events that are read.
fn read(
    call: &Call,
    source: &Source,
    keys: &[Key],
    output: &mut Output,
) -> Result<(Counts, Damage), Failure> {
    let (mut counts, mut values) = (HashMap::<Vec<String>, u64>::new(), Vec::new());
    let damage = source.all(&call.filter, |item| {
        match item {
            Item::Event(event, _) => {
                if key::values(keys, &[&event], &mut values) {
                    match counts.get_mut(&values[..]) {
                        Some(count) => *count += 1,
                        None => drop(counts.insert(values.clone(), 1)),
                    }
                }
            }
            Item::Gap(gap) => output.gap(&gap)?,
            Item::Idle => {}
        }
        MORE
    })?;
    let mut rows: Vec<_> = counts.into_iter().collect();
    rows.sort_by(|(a, many), (b, few)| few.cmp(many).then_with(|| a.cmp(b)));
    Ok((rows, damage))
}

/// The line of a row, for a program.
pub(super) fn line(
    keys: &[Key],
    values: &[String],
    numbers: impl Iterator<Item = (String, Value)>,
) -> String {
    let values = values.iter().map(|value| Value::from(value.as_str()));
    Value::Object(keys.iter().map(|key| key.name.clone()).zip(values).chain(numbers).collect()).to_string()
}

fn row(output: &mut Output, style: Style, count: &str, value: &str) -> Result<(), Failure> {
    Ok(output.row(&[Cell::new(&format!("{count:>9}"), 9).style(style), Cell::new(value, 0).style(style)])?)
}
