//! Writes the events of a journal as JSON lines.

use std::io::Write;

use crate::error::ExportError;
use crate::gap::Gap;
use crate::query::{Item, Query};

/// How many events are read at once.
const STEP: usize = 1_000;

impl Query {
    /// Writes the events as JSON lines, to the letter as the bus wrote them, all pages of them.
    /// Returns the gaps, for which there is no line.
    ///
    /// ```
    /// use bus_journal::Journal;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("run.db");
    /// # let bus = bus_core::EventBus::new();
    /// # let lines = r#"{"type":"asked","stream_id":"desk","timestamp":"2026-11-22T06:14:08"}"#;
    /// # Journal::open(&path)?.import(bus.reader().lines(lines.as_bytes()))?;
    /// let mut out = Vec::new();
    /// let gaps = Journal::read(&path)?.query().oldest_first().export(&mut out)?;
    /// assert!(gaps.is_empty());
    /// assert!(out.starts_with(br#"{"type":"asked","#) && out.ends_with(b"}\n"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the journal cannot be read, or the output not be written.
    pub fn export(self, mut out: impl Write) -> Result<Vec<Gap>, ExportError> {
        let mut gaps = Vec::new();
        for item in self.limit(STEP).items() {
            match item? {
                Item::Event(event) => writeln!(out, "{}", event.json())?,
                Item::Gap(gap) => gaps.push(gap),
            }
        }
        out.flush()?;
        Ok(gaps)
    }
}
