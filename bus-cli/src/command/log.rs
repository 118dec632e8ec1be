//! `bus log`: events in order.

use std::ops::ControlFlow;
use std::time::Duration;

use bus_core::{Filter, ReadEvent};

use super::ended;
use crate::args::{Call, Log, Span};
use crate::output::{Cell, Output, Style};
use crate::pairs::Pairs;
use crate::source::{Ask, Gap, Item, Kept, MORE, Next, Source};
use crate::stop::Stop;
use crate::time::{length, time_of_day};
use crate::{Ended, Failure};

/// How many events there are before and after one, unless set.
const AROUND: usize = 10;

pub(super) fn run(call: &Call, log: &Log, output: &mut Output) -> Result<Ended, Failure> {
    let source = Source::open(&call.source)?;
    let stop = if log.follow { Some(Stop::on_ctrl_c()?) } else { None };
    let mut rows = Rows { folds: !log.deltas, run: None, found: false, output };
    let damage = if let Some(id) = &log.around {
        if !call.span.is_any() {
            return Err(Failure::usage("`--around` and `dur:` exclude each other: leave one out"));
        }
        let count = log.last.unwrap_or(AROUND);
        source.around((id, count), &call.filter, |item| rows.item(item, None))?
    } else if call.span.is_any() {
        let ask = Ask { filter: &call.filter, last: log.last, follow: log.follow };
        source.read(&ask, |item| rows.item(item, stop.as_ref()))?
    } else {
        let (pairs, rest) = Pairs::of(&call.filter)?;
        let filter = pairs.filter();
        let mut slow = Slow { span: call.span, pairs, rest, last: log.last, kept: Kept::new() };
        let ask = Ask { filter: &filter, last: None, follow: log.follow };
        let damage = source.read(&ask, |item| slow.item(item, &mut rows, stop.as_ref()))?;
        slow.end(&mut rows)?;
        damage
    };
    rows.end()?;
    let found = rows.found;
    let ended = ended(found, &damage, output)?;
    Ok(if stop.is_some_and(|stop| stop.is_set()) { Ended::Stopped } else { ended })
}

/// Finds the events that end something that took so long.
struct Slow {
    span: Span,
    pairs: Pairs,
    /// The words that are about both events of a pair.
    rest: Filter,
    /// How many are kept for the end of what is there already; `None` behind it.
    last: Option<usize>,
    kept: Kept<Late>,
}

/// An item that is written once it is known which events are the last ones.
enum Late {
    Event(ReadEvent, String, Duration),
    Gap(Gap),
}

impl Slow {
    fn item(&mut self, item: Item<'_>, rows: &mut Rows<'_>, stop: Option<&Stop>) -> Next {
        match item {
            Item::Event(event, line) => self.event(&event, line, rows)?,
            Item::Gap(gap) if self.last.is_some() => self.kept.note(Late::Gap(gap)),
            Item::Gap(_) => return rows.item(item, stop),
            Item::Idle => {
                self.end(rows)?;
                return rows.item(item, stop);
            }
        }
        next(stop)
    }

    fn event(&mut self, event: &ReadEvent, line: &str, rows: &mut Rows<'_>) -> Result<(), Failure> {
        for pair in self.pairs.add(event) {
            let Some(duration) = pair.duration().filter(|duration| self.span.fits(*duration)) else {
                continue;
            };
            if !pair.fits(&self.rest) {
                continue;
            }
            match self.last {
                Some(most) => self.kept.add(most, Late::Event(event.clone(), line.to_owned(), duration)),
                None => rows.add(event.clone(), line, Some(duration))?,
            }
        }
        Ok(())
    }

    /// Writes the last ones, which are known now. Events that come later are all written.
    fn end(&mut self, rows: &mut Rows<'_>) -> Result<(), Failure> {
        self.last = None;
        for item in self.kept.take() {
            match item {
                Late::Event(event, line, duration) => rows.add(event, &line, Some(duration))?,
                Late::Gap(gap) => rows.gap(&gap)?,
            }
        }
        Ok(())
    }
}

/// Goes on until the user stops the command.
fn next(stop: Option<&Stop>) -> Next {
    if stop.is_some_and(Stop::is_set) { Ok(ControlFlow::Break(())) } else { MORE }
}

/// Writes events, and folds runs of `transient` ones of one kind and scope into one row.
struct Rows<'a> {
    folds: bool,
    /// The last of a run, and how many there were.
    run: Option<(ReadEvent, u64)>,
    found: bool,
    output: &'a mut Output,
}

impl Rows<'_> {
    fn item(&mut self, item: Item<'_>, stop: Option<&Stop>) -> Next {
        match item {
            Item::Event(event, line) => self.add(event, line, None)?,
            Item::Gap(gap) => self.gap(&gap)?,
            Item::Idle => {
                self.end()?;
                self.output.flush()?;
            }
        }
        next(stop)
    }

    fn gap(&mut self, gap: &Gap) -> Result<(), Failure> {
        self.end()?;
        Ok(self.output.gap(gap)?)
    }

    fn add(&mut self, event: ReadEvent, line: &str, took: Option<Duration>) -> Result<(), Failure> {
        self.found = true;
        if self.output.json {
            return Ok(self.output.line(line)?);
        }
        if let Some((last, count)) = &mut self.run
            && is_same(last, &event)
        {
            (*last, *count) = (event, *count + 1);
            return Ok(());
        }
        self.end()?;
        if self.folds && event.descriptor().is_some_and(|event| event.policy.transient) {
            self.run = Some((event, 1));
            return Ok(());
        }
        row(&event, 1, took, self.output)
    }

    /// Writes the run that has ended.
    fn end(&mut self) -> Result<(), Failure> {
        match self.run.take() {
            Some((last, count)) => row(&last, count, None, self.output),
            None => Ok(()),
        }
    }
}

/// Writes the row of an event, or of so many of which it is the last.
pub(super) fn row(
    event: &ReadEvent,
    count: u64,
    took: Option<Duration>,
    output: &mut Output,
) -> Result<(), Failure> {
    let (scope, time) = (event.scope(), time_of_day(event.timestamp()));
    let seq = event.seq().map(|seq| seq.to_string()).unwrap_or_default();
    let kind = if count > 1 { format!("×{count} {}", event.kind()) } else { event.kind().to_owned() };
    let run = scope.execution().unwrap_or(scope.stream());
    let data = event.data();
    let data = took.map_or_else(|| data.to_string(), |took| format!("{} {data}", length(took)));
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

pub(super) fn is_same(one: &ReadEvent, other: &ReadEvent) -> bool {
    let (a, b) = (one.scope(), other.scope());
    one.kind() == other.kind()
        && (a.execution(), a.stream(), a.node()) == (b.execution(), b.stream(), b.node())
}
