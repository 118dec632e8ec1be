//! `bus show`: one event, what led to it, or an execution.

use std::path::Path;

use serde_json::Value;

use super::{ended, log, tree};
use crate::args::Call;
use crate::output::Output;
use crate::source::{Damage, Source};
use crate::{Ended, Failure};

/// An event has at most so many causes before it that this command shows.
const CAUSES: usize = 1_000;

pub(super) fn run(
    call: &Call,
    id: &str,
    (payload, why): (bool, bool),
    output: &mut Output,
) -> Result<Ended, Failure> {
    let source = Source::open(&call.source)?;
    let is_pipe = call.source == Path::new("-");
    if why && is_pipe {
        return Err(Failure::usage("`--why` reads the recording several times: give it a file"));
    }
    if why {
        return causes(&source, id, output);
    }
    let found = source.find(id)?;
    match &found.event {
        Some((_, line)) => event(line, payload, output)?,
        None if payload || is_pipe => {
            found.gaps.iter().try_for_each(|gap| output.gap(gap))?;
            if is_pipe {
                eprintln!("! only an event was looked for: give a file to look for an execution");
            }
        }
        None => return tree::run(&source, id, output),
    }
    ended(found.event.is_some(), &found.damage, output)
}

/// Writes an event as it was recorded, or its data.
fn event(line: &str, payload: bool, output: &mut Output) -> Result<(), Failure> {
    let mut value = read(line)?;
    if payload {
        value = value["data"].take();
    }
    match output.json {
        true if payload => output.line(&value.to_string())?,
        true => output.line(line)?,
        false => {
            let text = serde_json::to_string_pretty(&value).map_err(Failure::source)?;
            for line in text.lines() {
                output.wrapped(line)?;
            }
        }
    }
    Ok(())
}

/// The events that led to one, and itself, oldest first.
fn causes(source: &Source, id: &str, output: &mut Output) -> Result<Ended, Failure> {
    let (mut events, mut next, mut damage) = (Vec::new(), Some(id.to_owned()), Damage::default());
    while let Some(id) = next.take_if(|_| events.len() < CAUSES) {
        let found = source.find(&id)?;
        damage.widen(found.damage);
        let Some((event, line)) = found.event else {
            found.gaps.iter().try_for_each(|gap| output.gap(gap))?;
            next = Some(id);
            break;
        };
        next = read(&line)?["causation_id"].as_str().map(str::to_owned);
        events.push((event, line));
    }
    for (event, line) in events.iter().rev() {
        if output.json {
            output.line(line)?;
        } else {
            log::row(event, 1, None, output)?;
        }
    }
    let ended = ended(!events.is_empty(), &damage, output)?;
    match next {
        Some(id) if !events.is_empty() => {
            eprintln!("! the event {id}, which led to the first of these, is not in this recording");
            Ok(Ended::Damaged)
        }
        _ => Ok(ended),
    }
}

fn read(line: &str) -> Result<Value, Failure> {
    serde_json::from_str(line).map_err(Failure::source)
}
