//! A recording: a journal, or one event a line as JSON.

mod journal;
mod lines;

use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;

use bus_core::{Filter, ReadEvent};
use bus_journal::Gap;

pub(crate) use lines::lines_of;

use crate::Failure;

/// The first bytes of a database.
const SQLITE: &[u8] = b"SQLite format 3\0";

/// One item of a recording, in its order.
pub(crate) enum Item<'a> {
    /// An event, with its line as it was written.
    Event(ReadEvent, &'a str),
    /// Events that a journal lacks.
    Gap(Gap),
}

/// The parts of a recording that are no events.
#[derive(Debug, Default)]
pub(crate) struct Damage {
    /// How many lines are damaged, or gaps stand in the answer.
    pub(crate) places: u64,
    /// The first damaged line and its error.
    pub(crate) first: Option<(u64, String)>,
}

impl Damage {
    fn note(&mut self, line: u64, error: String) {
        self.places += 1;
        self.first.get_or_insert((line, error));
    }

    /// Says which lines are damaged, if any. Gaps stand in the output.
    pub(crate) fn report(&self) {
        let Some((line, error)) = &self.first else { return };
        if self.places == 1 {
            eprintln!("! 1 line is no event: line {line}: {error}");
        } else {
            eprintln!("! {} lines are no events; the first is line {line}: {error}", self.places);
        }
    }
}

/// Reads the events of a recording that fit the filter, and its gaps, until `each` ends it.
pub(crate) fn read(
    path: &Path,
    filter: &Filter,
    each: impl FnMut(Item<'_>) -> Result<ControlFlow<()>, Failure>,
) -> Result<Damage, Failure> {
    if is_journal(path) { journal::read(path, filter, each) } else { lines::read(path, filter, each) }
}

/// Whether a file is a database. One that cannot be opened is none: reading it says why.
fn is_journal(path: &Path) -> bool {
    let mut start = [0; SQLITE.len()];
    path != Path::new("-")
        && File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok_and(|()| start == SQLITE)
}
