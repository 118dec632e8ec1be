//! Takes in events that were recorded elsewhere.

use std::collections::HashMap;

use bus_core::ReadEvent;
use bus_core::wire::LineError;

use crate::error::ImportError;
use crate::failure;
use crate::find::{position_of, position_of_origin};
use crate::journal::Journal;
use crate::line::Members;
use crate::row::Fact;
use crate::runs;
use crate::short::Short;

/// How many events one transaction takes.
const STEP: usize = 1_000;

/// The outcome of an import.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// Events that are new in the journal.
    pub stored: u64,
    /// Events that it had already.
    pub known: u64,
}

impl Journal {
    /// Takes in events that were recorded elsewhere, as a run of their own, each of them once: an
    /// event is known by its id, and one without an id by its content and by how many equal ones
    /// came before it in the same import.
    ///
    /// The lines are stored as [`ReadEvent::to_json`] writes them, so the content of redacted
    /// fields is left out. Kinds that are left out of recording are taken in too.
    ///
    /// ```
    /// use bus_journal::Journal;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let journal = Journal::open(folder.path().join("run.db"))?;
    /// let bus = bus_core::EventBus::new();
    /// let lines = r#"{"type":"asked","stream_id":"desk","timestamp":"2026-11-22T06:14:08"}"#;
    /// assert_eq!(journal.import(bus.reader().lines(lines.as_bytes()))?.stored, 1);
    /// assert_eq!(journal.import(bus.reader().lines(lines.as_bytes()))?.known, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If a line is not an event, if a bus records into the journal now, or if the journal cannot
    /// be written. The events before are stored; importing all of them again is safe.
    pub fn import(
        &self,
        lines: impl IntoIterator<Item = std::result::Result<ReadEvent, LineError>>,
    ) -> std::result::Result<Imported, ImportError> {
        let mut import =
            Import { journal: self, imported: Imported::default(), equal: HashMap::new(), has_run: false };
        let mut step = Vec::with_capacity(STEP);
        let mut failed = Ok(());
        for line in lines {
            match line {
                Ok(event) => step.push(event),
                Err(error) => {
                    failed = Err(ImportError::Line(error));
                    break;
                }
            }
            if step.len() == STEP {
                import.store(&step)?;
                step.clear();
            }
        }
        import.store(&step)?;
        if import.has_run {
            self.writer().end()?;
        }
        failed.map(|()| import.imported)
    }
}

struct Import<'a> {
    journal: &'a Journal,
    imported: Imported,
    /// How many lines without an id had this hash.
    equal: HashMap<u128, u64>,
    has_run: bool,
}

impl Import<'_> {
    fn store(&mut self, events: &[ReadEvent]) -> std::result::Result<(), ImportError> {
        let mut writer = self.journal.writer();
        let lines: Vec<String> = events.iter().map(ReadEvent::to_json).collect();
        let mut facts = Vec::with_capacity(events.len());
        let mut ids = std::collections::HashSet::new();
        for (event, line) in events.iter().zip(&lines) {
            let id = Members::of(line).map_or("null", |members| members.id);
            let key = (id == "null").then(|| self.key(line));
            let known = match key {
                Some(key) => position_of_origin(writer.connection(), &Short::Key(key)).map(|at| at.is_some()),
                None if !ids.insert(id) => Ok(true),
                None => position_of(writer.connection(), id).map(|at| at.is_some()),
            };
            if known.map_err(|error| failure::store(&error))? {
                self.imported.known += 1;
            } else {
                facts.push(Fact::read(event, line, key));
            }
        }
        if facts.is_empty() {
            return Ok(());
        }
        if !self.has_run {
            writer.begin(runs::new_number())?;
            self.has_run = true;
        }
        writer.import(&facts)?;
        self.imported.stored += facts.len() as u64;
        Ok(())
    }

    /// The hash of a line, and of how many equal ones came before.
    fn key(&mut self, line: &str) -> u128 {
        let hash = hash(line.as_bytes());
        let count = self.equal.entry(hash).or_default();
        *count += 1;
        hash ^ u128::from(*count)
    }
}

/// FNV-1a with 128 bits: the standard library's hashers differ from release to release.
fn hash(bytes: &[u8]) -> u128 {
    bytes.iter().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |hash: u128, byte| {
        (hash ^ u128::from(*byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013b)
    })
}
