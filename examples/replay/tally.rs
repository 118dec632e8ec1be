//! Counts of the events that arrived: by kind, and how many were typed.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{IsTerminal, Write, stderr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bus_core::AnyEvent;
use bus_core::wire::Mended;

/// The counts of a replay.
#[derive(Default)]
pub(crate) struct Tally {
    kinds: BTreeMap<String, Count>,
    seen: u64,
    by_type: u64,
    read: u64,
    bad: u64,
    mended: Mended,
    out_of_order: u64,
    last_seq: u64,
}

#[derive(Default, Clone, Copy)]
struct Count {
    typed: u64,
    undeclared: u64,
    unfit: u64,
}

impl Count {
    fn all(self) -> u64 {
        self.typed + self.undeclared + self.unfit
    }
}

impl Tally {
    /// Counts an event that came through the subscription to everything.
    pub(crate) fn see(&mut self, event: &AnyEvent) {
        let count = self.kinds.entry(event.kind().to_owned()).or_default();
        if event.decode_error().is_some() {
            count.unfit += 1;
        } else if event.descriptor().is_some() {
            count.typed += 1;
        } else {
            count.undeclared += 1;
        }
        self.seen += 1;
        self.out_of_order += u64::from(event.seq() <= self.last_seq && self.seen > 1);
        self.last_seq = event.seq();
    }

    /// Counts an event that came through the typed subscription.
    pub(crate) fn see_typed(&mut self) {
        self.by_type += 1;
    }

    pub(crate) fn seen(&self) -> u64 {
        self.seen
    }

    /// Records the events that were read, to compare them with those that arrived.
    pub(crate) fn end(&mut self, read: u64, bad: u64, mended: Mended) {
        (self.read, self.bad, self.mended) = (read, bad, mended);
    }

    /// Whether every line was an event and every event arrived, in order, at both subscribers.
    pub(crate) fn is_whole(&self) -> bool {
        self.bad == 0 && self.lost() == 0 && self.out_of_order == 0
    }

    fn lost(&self) -> u64 {
        self.read.saturating_sub(self.seen) + self.total().typed.saturating_sub(self.by_type)
    }

    fn total(&self) -> Count {
        self.kinds.values().fold(Count::default(), |sum, count| Count {
            typed: sum.typed + count.typed,
            undeclared: sum.undeclared + count.undeclared,
            unfit: sum.unfit + count.unfit,
        })
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<28} {:>9} {:>9} {:>11} {:>12}",
            "kind", "events", "typed", "undeclared", "not fitting"
        )?;
        let mut kinds: Vec<_> = self.kinds.iter().collect();
        kinds.sort_by(|a, b| b.1.all().cmp(&a.1.all()).then(a.0.cmp(b.0)));
        let total = ("total".to_owned(), self.total());
        for (kind, count) in kinds.into_iter().chain([(&total.0, &total.1)]) {
            // A kind may come from a foreign file, so it must not contain control characters.
            let kind: String = kind.chars().filter(|c| !c.is_control()).collect();
            let (all, typed) = (grouped(count.all()), grouped(count.typed));
            let (undeclared, unfit) = (grouped(count.undeclared), grouped(count.unfit));
            writeln!(f, "{kind:<28} {all:>9} {typed:>9} {undeclared:>11} {unfit:>12}")?;
        }
        writeln!(
            f,
            "\n{} read, {} lost, {} out of order, {} bad lines",
            grouped(self.read),
            grouped(self.lost()),
            grouped(self.out_of_order),
            grouped(self.bad)
        )?;
        if self.mended == Mended::default() { Ok(()) } else { writeln!(f, "{}", self.mended) }
    }
}

/// `7270` as `7,270`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// One line on the terminal with the progress of the replay. Empty if standard error is not a
/// terminal.
pub(crate) struct Progress {
    position: Arc<AtomicU64>,
    size: u64,
    drawn: Option<Instant>,
    live: bool,
}

impl Progress {
    pub(crate) fn new(position: Arc<AtomicU64>, size: u64) -> Self {
        Self { position, size, drawn: None, live: stderr().is_terminal() }
    }

    pub(crate) fn draw(&mut self, seen: u64) {
        if !self.live || self.drawn.is_some_and(|drawn| drawn.elapsed() < Duration::from_millis(50)) {
            return;
        }
        self.drawn = Some(Instant::now());
        let position = self.position.load(Ordering::Relaxed);
        let percent = (position * 100).checked_div(self.size).unwrap_or(0).min(100);
        let filled = usize::try_from(percent / 5).unwrap_or(0);
        let bar = format!("{}{}", "█".repeat(filled), "░".repeat(20 - filled));
        // A closed terminal is no reason to stop.
        let _ = write!(stderr(), "\r{bar} {percent:>3} % {} events \x1b[K", grouped(seen));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.drawn.is_some() {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}
