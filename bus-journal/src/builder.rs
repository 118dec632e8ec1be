//! The settings of a journal.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::error::OpenError;
use crate::journal::Journal;

/// The accident that a recorded event survives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Durability {
    /// A power cut: each commit waits for the disk.
    #[default]
    Full,
    /// The end of the process, however it ends. A power cut may take the last commits, and the next
    /// open reports them as lost.
    Normal,
}

/// The settings of a journal, from [`Journal::builder`].
///
/// ```
/// use bus_journal::{Durability, Journal};
///
/// # let folder = tempfile::tempdir()?;
/// let journal = Journal::builder(folder.path().join("run.db"))
///     .durability(Durability::Normal)
///     .without_transient()
///     .without(["heartbeat"])
///     .max_bytes(1 << 30)
///     .open()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a journal is opened by `open`"]
pub struct JournalBuilder {
    pub(crate) path: PathBuf,
    pub(crate) durability: Durability,
    pub(crate) left_out: BTreeSet<String>,
    pub(crate) keeps_transient: bool,
    pub(crate) max_bytes: Option<u64>,
}

impl JournalBuilder {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            durability: Durability::default(),
            left_out: BTreeSet::new(),
            keeps_transient: true,
            max_bytes: None,
        }
    }

    /// Sets the accident that a recorded event survives: a power cut, unless set.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Leaves out events of these kinds.
    pub fn without<K: Into<String>>(mut self, kinds: impl IntoIterator<Item = K>) -> Self {
        self.left_out.extend(kinds.into_iter().map(Into::into));
        self
    }

    /// Leaves out the kinds that their definitions call `transient`, such as the deltas of a
    /// model's text, which are most of the bytes.
    pub fn without_transient(mut self) -> Self {
        self.keeps_transient = false;
        self
    }

    /// Sets the most bytes of the file: no limit unless set. Recording into a full journal fails
    /// with [`StoreError::Full`](bus_core::store::StoreError::Full), and goes on after
    /// [`Journal::retain`] has deleted events. The files beside it come on top: the log is written
    /// back after about 8 MiB of events, which are several times as many bytes of pages there.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = Some(bytes);
        self
    }

    /// Opens the journal, and makes it if there is none.
    ///
    /// # Errors
    /// Those of [`Journal::open`].
    pub fn open(self) -> Result<Journal, OpenError> {
        Journal::open_with(self)
    }
}
