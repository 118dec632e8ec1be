//! The lenient mode of a reader: lines that are not events of this bus, or not quite JSON.
//!
//! A line is read strictly first. If that fails, its text is mended and an envelope is written
//! around it, and the result is read strictly. So the lenient mode accepts nothing that a strict
//! reader could not read once it is written, and costs nothing for a line that needs no help.

mod line;
mod text;
mod time;

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use self::line::Line;
use super::error::{ReadError, ReadProblem};
use super::keys::Keys;
use super::limits::Limits;
use crate::time::Zone;

/// The number of changes that a lenient reader made, by sort: see
/// [`Reader::lenient`](super::Reader::lenient).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mended {
    /// Events with a change.
    pub events: u64,
    /// Halves of surrogate pairs that became U+FFFD.
    pub surrogates: u64,
    /// `NaN`, `Infinity` and `-Infinity` that became null.
    pub not_numbers: u64,
    /// Events that got a kind, because `type` has none.
    pub kinds: u64,
    /// Events that got the stream of the reader.
    pub streams: u64,
    /// Events whose time was a number or under another key.
    pub times: u64,
    /// Events without a time, which got that of the event before, or 1970 if there is none.
    pub timeless: u64,
    /// Events without `data`: their `data` is the whole line.
    pub wrapped: u64,
    /// Values that do not fit their key of the envelope, and are kept under `foreign_` and the key.
    pub moved: u64,
}

/// The state of a lenient reader.
#[derive(Debug, Clone)]
pub(super) struct Lenient {
    stream: String,
    mended: Mended,
    last: SystemTime,
}

impl Lenient {
    pub(super) fn new(stream: String) -> Self {
        Self { stream, mended: Mended::default(), last: UNIX_EPOCH }
    }

    pub(super) fn mended(&self) -> Mended {
        self.mended
    }

    /// Notes an event that was read, with the changes that were made for it.
    pub(super) fn note(&mut self, time: SystemTime, changes: Option<Mended>) {
        self.last = time;
        if let Some(changes) = changes {
            self.mended.add(changes);
        }
    }

    /// The line as an event of this bus, and the changes. `None` for a problem that nobody can mend
    /// without a guess, such as a line that is cut off.
    pub(super) fn mend(
        &self,
        text: &str,
        error: &ReadError,
        (limits, zone): (Limits, &Zone),
        keys: &mut Keys,
    ) -> Option<(String, Mended)> {
        use ReadProblem as P;
        let is_not_json = matches!(error.problem(), P::NotANumber | P::LoneSurrogate);
        let is_foreign = matches!(
            error.problem(),
            P::Missing(_) | P::WrongType { .. } | P::Invalid { .. } | P::KindTooLong { .. }
        );
        if !is_not_json && !is_foreign {
            return None;
        }
        let mut changes = Mended { events: 1, ..Mended::default() };
        let text = text::mend(text, &mut changes);
        let line = Line::read(&text, limits, keys).ok()?;
        let text = line.event(&self.stream, self.last, zone, &mut changes);
        Some((text, changes))
    }
}

impl Mended {
    /// Each count with its meaning.
    fn counts(&mut self) -> [(&mut u64, &'static str); 8] {
        [
            (&mut self.surrogates, "half surrogate pairs became U+FFFD"),
            (&mut self.not_numbers, "NaN or Infinity became null"),
            (&mut self.kinds, "without a kind got one"),
            (&mut self.streams, "without a stream got that of the reader"),
            (&mut self.times, "had their time as a number or under another key"),
            (&mut self.timeless, "without a time got that of the event before"),
            (&mut self.wrapped, "without `data` became `data` as a whole"),
            (&mut self.moved, "values that do not fit are kept under `foreign_…`"),
        ]
    }

    fn add(&mut self, mut other: Self) {
        self.events += other.events;
        for ((count, _), (more, _)) in self.counts().into_iter().zip(other.counts()) {
            *count += *more;
        }
    }
}

/// One line: the number of events, and each sort of change that was made.
impl fmt::Display for Mended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} events mended", self.events)?;
        let mut separator = ": ";
        let mut copy = *self;
        for (count, meaning) in copy.counts().into_iter().filter(|(count, _)| **count > 0) {
            write!(f, "{separator}{count} {meaning}")?;
            separator = ", ";
        }
        Ok(())
    }
}
