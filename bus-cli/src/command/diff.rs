//! `bus diff`: two recordings, compared by execution.

use std::collections::HashSet;
use std::path::Path;

use bus_core::testing::{Compare, Recording};

use crate::args::{Call, Diff};
use crate::output::{Cell, Output, Style};
use crate::source::{Item, MORE, Source};
use crate::{Ended, Failure};

pub(super) fn run(call: &Call, diff: &Diff, output: &mut Output) -> Result<Ended, Failure> {
    let (expected, is_whole) = read(call, &call.source, output)?;
    let (actual, is_too) = read(call, &diff.other, output)?;
    let compare = Compare::new(actual).join_deltas();
    let compare = diff.renamed.iter().fold(compare, Compare::rename);
    let compare = diff.ignored.iter().fold(compare, Compare::ignore);
    let differences = compare.against(&expected);
    let mut seen = HashSet::new();
    for difference in &differences {
        if diff.first && !seen.insert((&difference.stream, &difference.execution)) {
            continue;
        }
        if output.json {
            output.line(&serde_json::to_string(difference).map_err(Failure::source)?)?;
            continue;
        }
        for line in difference.to_string().lines() {
            let style = match line.trim_start().as_bytes() {
                [b'-', ..] => Style::Error,
                [b'+', ..] => Style::Bold,
                _ => Style::Plain,
            };
            output.row(&[Cell::new(line, 0).style(style)])?;
        }
    }
    output.flush()?;
    let more = differences.count() - differences.iter().count();
    if more > 0 {
        eprintln!("! {more} more differences are not shown");
    }
    Ok(if is_whole && is_too { Ended::found(differences.is_empty()) } else { Ended::Damaged })
}

/// The events that fit, and whether the recording is whole.
fn read(call: &Call, path: &Path, output: &mut Output) -> Result<(Recording, bool), Failure> {
    let mut recording = Recording::default();
    let damage = Source::open(path)?.all(&call.filter, |item| {
        match item {
            Item::Event(event, _) => recording.extend([event]),
            Item::Gap(gap) => output.gap(&gap)?,
            Item::Idle => {}
        }
        MORE
    })?;
    if damage.places > 0 {
        eprintln!("! `{}` is not whole", path.display());
        damage.report();
    }
    Ok((recording, damage.places == 0))
}
