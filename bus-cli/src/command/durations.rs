//! `bus query --p50`: durations from the event that begins something to the one that ends it.

use std::collections::HashMap;
use std::time::Duration;

use bus_core::Filter;
use bus_journal::{PairItem, Reader};
use serde_json::{Value, json};

use super::ended;
use super::query::line;
use crate::args::Call;
use crate::key::{self, Key};
use crate::output::{Cell, Output, Style};
use crate::pairs::{Pair, Pairs};
use crate::source::{Damage, Item, MORE, Source, failed};
use crate::time::length;
use crate::{Ended, Failure};

/// The width of a number.
const NUMBER: usize = 9;

/// The pairs with one value of the keys.
#[derive(Default)]
struct Group {
    open: usize,
    errors: usize,
    /// The times of the pairs that have ended.
    durations: Vec<Duration>,
}

type Groups = HashMap<Vec<String>, Group>;

/// The groups, how many events end something that did not begin, and the gaps.
type Found = (Groups, u64, Damage);

/// The question: which pairs, and what they are grouped by.
struct Asked<'a> {
    call: &'a Call,
    keys: &'a [Key],
    /// The conditions that both events of a pair together have to meet.
    rest: &'a Filter,
}

pub(super) fn run(
    call: &Call,
    source: &Source,
    keys: &[Key],
    percentiles: &[u8],
    output: &mut Output,
) -> Result<Ended, Failure> {
    let (pairs, rest) = Pairs::of(&call.filter)?;
    let asked = Asked { call, keys, rest: &rest };
    let (groups, unmatched, damage) = match source {
        Source::Journal(journal) if rest.is_empty() => asked.stored(journal, &pairs, output)?,
        _ => asked.read(source, pairs, output)?,
    };
    let mut rows: Vec<_> = groups.into_iter().collect();
    rows.sort_by(|(a, many), (b, few)| few.calls().cmp(&many.calls()).then_with(|| a.cmp(b)));
    write(&mut rows, keys, percentiles, output)?;
    output.flush()?;
    if unmatched > 0 {
        eprintln!("! {unmatched} events end something that did not begin in this recording");
    }
    ended(!rows.is_empty(), &damage, output)
}

impl Asked<'_> {
    /// Reads the events, and finds the pairs among them.
    fn read(&self, source: &Source, mut pairs: Pairs, output: &mut Output) -> Result<Found, Failure> {
        let filter = pairs.filter();
        let (mut groups, mut values) = (Groups::new(), Vec::new());
        let mut add = |pair: &Pair| {
            let fits = self.fits(pair.duration()) && pair.fits(self.rest);
            if fits && key::values(self.keys, &pair.events(), &mut values) {
                group(&mut groups, &values).add(pair.duration(), pair.is_error());
            }
        };
        let damage = source.all(&filter, |item| {
            match item {
                Item::Event(event, _) => pairs.add(&event).iter().for_each(&mut add),
                Item::Gap(gap) => output.gap(&gap)?,
                Item::Idle => {}
            }
            MORE
        })?;
        let unmatched = pairs.unmatched;
        pairs.open().iter().for_each(add);
        Ok((groups, unmatched, damage))
    }

    /// Asks a journal for the pairs, which reads less of the events.
    fn stored(&self, journal: &Reader, pairs: &Pairs, output: &mut Output) -> Result<Found, Failure> {
        let (mut groups, mut values) = (Groups::new(), Vec::new());
        let (mut unmatched, mut damage) = (0, Damage::default());
        for item in journal.query().matching(pairs.filter()).pairs(pairs.begins()) {
            match item.map_err(|error| failed(journal, error))? {
                PairItem::Pair(pair) if self.fits(pair.duration()) => {
                    let events: Vec<_> = [&pair.begin].into_iter().chain(&pair.end).collect();
                    let has_all = key::stored_values(self.keys, &events, &mut values)
                        .map_err(|error| Failure::journal(journal.path(), error))?;
                    if has_all {
                        group(&mut groups, &values).add(pair.duration(), pair.is_error);
                    }
                }
                PairItem::Pair(_) => {}
                PairItem::Unmatched(_) => unmatched += 1,
                PairItem::Gap(gap) => {
                    damage.places += 1;
                    output.gap(&(&gap).into())?;
                }
            }
        }
        Ok((groups, unmatched, damage))
    }

    fn fits(&self, duration: Option<Duration>) -> bool {
        match duration {
            Some(duration) => self.call.span.fits(duration),
            None => self.call.span.is_any(),
        }
    }
}

/// The group of some values, a new one if there is none.
fn group<'a>(groups: &'a mut Groups, values: &[String]) -> &'a mut Group {
    groups.entry(values.to_vec()).or_default()
}

impl Group {
    fn add(&mut self, duration: Option<Duration>, is_error: bool) {
        self.errors += usize::from(is_error);
        match duration {
            Some(duration) => self.durations.push(duration),
            None => self.open += 1,
        }
    }

    fn calls(&self) -> usize {
        self.open + self.durations.len()
    }

    /// The shortest duration that so many percent do not exceed.
    fn percentile(&mut self, percent: u8) -> Option<Duration> {
        let last = self.durations.len().checked_sub(1)?;
        let rank = (self.durations.len() * usize::from(percent)).div_ceil(100);
        let (_, duration, _) = self.durations.select_nth_unstable(rank.saturating_sub(1).min(last));
        Some(*duration)
    }
}

fn write(
    rows: &mut [(Vec<String>, Group)],
    keys: &[Key],
    percentiles: &[u8],
    output: &mut Output,
) -> Result<(), Failure> {
    let names = keys.iter().map(|key| key.name.to_uppercase()).collect::<Vec<_>>().join(" ");
    let texts: Vec<_> = rows.iter().map(|(values, _)| values.join(" ")).collect();
    let longest = texts.iter().chain([&names]).map(|text| text.chars().count()).max().unwrap_or(0);
    let numbers = (3 + percentiles.len()) * (NUMBER + 1);
    let width = longest.min(output.width.saturating_sub(numbers).max(8));
    if !output.json && !rows.is_empty() {
        let titles = percentiles.iter().map(|percent| format!("P{percent}"));
        let titles = ["CALLS", "OPEN", "ERRORS"].map(str::to_owned).into_iter().chain(titles);
        row(output, Style::Bold, (&names, width), titles)?;
    }
    for ((values, group), text) in rows.iter_mut().zip(texts) {
        let numbers = [group.calls(), group.open, group.errors];
        let durations: Vec<_> = percentiles.iter().map(|percent| group.percentile(*percent)).collect();
        if !output.json {
            let durations = durations.iter().map(|took| took.map(length).unwrap_or_default());
            let numbers = numbers.iter().map(ToString::to_string).chain(durations);
            let style = if group.errors > 0 { Style::Error } else { Style::Plain };
            row(output, style, (&text, width), numbers)?;
            continue;
        }
        let names = ["calls", "open", "errors"].map(str::to_owned);
        let numbers = names.into_iter().zip(numbers.map(Value::from));
        let durations = percentiles
            .iter()
            .zip(durations)
            .map(|(percent, took)| (format!("p{percent}_us"), json!(took.map(|took| took.as_micros()))));
        output.line(&line(keys, values, numbers.chain(durations)))?;
    }
    Ok(())
}

fn row(
    output: &mut Output,
    style: Style,
    (text, width): (&str, usize),
    numbers: impl Iterator<Item = String>,
) -> Result<(), Failure> {
    let numbers: Vec<_> = numbers.map(|number| format!("{number:>NUMBER$}")).collect();
    let cells = [Cell::new(text, width).style(style)].into_iter();
    let cells = cells.chain(numbers.iter().map(|number| Cell::new(number, NUMBER).style(style)));
    Ok(output.row(&cells.collect::<Vec<_>>())?)
}
