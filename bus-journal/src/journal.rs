//! The journal: the handle of the one writer.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, MutexGuard};

use bus_core::catalogue::Descriptor;
use bus_core::store::{Archive, Entry, Store, StoreError};
use rusqlite::{Connection, OpenFlags};

use crate::boot;
use crate::builder::{Durability, JournalBuilder};
use crate::error::OpenError;
use crate::failure;
use crate::fair::FairMutex;
use crate::file;
use crate::lock::{Lock, Refused};
use crate::mark::{Found, MarkFile, MarkReader};
use crate::reader::Reader;
use crate::recovery::Tail;
use crate::report::Report;
use crate::runs;
use crate::schema::{self, Kind};
use crate::writer::{self, Writer};

/// A journal that is open for writing: a cheap handle, closed when the last one is dropped.
///
/// It is the store of one bus at a time. It reads too: it derefs to its [`Reader`].
///
/// ```
/// use bus_journal::Journal;
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("run.db");
/// let journal = Journal::open(&path)?;
/// assert!(journal.report().is_clean(), "{}", journal.report());
/// assert_eq!(journal.query().page()?.items.len(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Journal {
    inner: Arc<Inner>,
}

struct Inner {
    /// Freed before the writer: whoever closes the last connection must be able to write, or the
    /// log stays behind.
    reader: Reader,
    writer: FairMutex<Writer>,
    report: Report,
    left_out: BTreeSet<String>,
    keeps_transient: bool,
    /// Freed last: the next writer must find everything closed.
    _lock: Lock,
}

impl Journal {
    /// Opens a journal for writing, and makes it if there is none.
    ///
    /// The journal notes what a crash or a damaged file has lost, and its [`report`](Self::report)
    /// has it. Where this process has it, it waits up to two seconds, because a bus that was closed
    /// may still be closing it: call it outside of async code.
    ///
    /// # Errors
    /// If somebody else has it, if it is another file or of another version, if it is damaged so
    /// that SQLite cannot read it, or if a file cannot be opened.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::builder(path).open()
    }

    /// Returns the settings of a journal, to be opened with other ones than usual.
    pub fn builder(path: impl AsRef<Path>) -> JournalBuilder {
        JournalBuilder::new(path.as_ref().to_owned())
    }

    /// Opens a journal for reading, also while another process records into it.
    ///
    /// # Errors
    /// If there is none, if it is another file or of another version, or if a file cannot be
    /// opened.
    pub fn read(path: impl AsRef<Path>) -> Result<Reader, OpenError> {
        Reader::open(path.as_ref())
    }

    pub(crate) fn open_with(settings: JournalBuilder) -> Result<Self, OpenError> {
        let path = &*file::locate(&settings.path)?;
        let lock = Lock::acquire(path).map_err(|refused| match refused {
            Refused::Held(pid) => OpenError::InUse { pid },
            Refused::Io(error) => OpenError::unwritable(&error, path),
        })?;
        // Before SQLite looks at the files: the log may end with commits that were refused.
        refuse_failed_disk(&MarkReader::new(path).read()?)?;
        let failed = |error: rusqlite::Error| OpenError::sqlite(&error, path);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        let is_new = match prepare(&connection, path) {
            Err(OpenError::NotAJournal) => {
                lock.discard();
                return Err(OpenError::NotAJournal);
            }
            prepared => prepared?,
        };
        let is_full = settings.durability == Durability::Full;
        schema::set_writer(&connection, is_full, settings.max_bytes).map_err(failed)?;
        let (mut mark, found) = MarkFile::open(path)?;
        let report = recover(&mut connection, &found, is_new).map_err(|error| {
            if failure::is_failed_sync(&error) {
                writer::abandon(&connection, &mut mark);
            }
            failed(error)
        })?;
        // SQLite does this for its log, and drops the error.
        writer::sync_folder(path).inspect_err(|_| writer::abandon(&connection, &mut mark))?;
        let reader = Reader::open(path)?;
        let writer = Writer::new(connection, mark, reader.file().clone()).map_err(failed)?;
        let JournalBuilder { left_out, keeps_transient, .. } = settings;
        let inner =
            Inner { writer: FairMutex::new(writer), reader, report, left_out, keeps_transient, _lock: lock };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Returns what was found to be missing when the journal was opened. It is in the answers to
    /// queries too, in its place.
    pub fn report(&self) -> &Report {
        &self.inner.report
    }

    pub(crate) fn writer(&self) -> MutexGuard<'_, Writer> {
        // A panic inside of a transaction rolls it back; the next begins anew.
        self.inner.writer.lock()
    }
}

/// A journal that is open for writing reads too.
impl std::ops::Deref for Journal {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.inner.reader
    }
}

impl Store for Journal {
    fn keeps(&self, kind: &str, declared: Option<&'static Descriptor>) -> bool {
        let is_transient = declared.is_some_and(|event| event.policy.transient);
        let Inner { left_out, keeps_transient, .. } = &*self.inner;
        (*keeps_transient || !is_transient) && !left_out.contains(kind)
    }

    fn begin(&self, run: u64) -> Result<(), StoreError> {
        self.writer().begin(run)
    }

    fn write(&self, batch: &[Entry]) -> Result<(), StoreError> {
        self.writer().write(batch)
    }

    fn archive(&self) -> Option<&dyn Archive> {
        Some(self)
    }

    fn end(&self) -> Result<(), StoreError> {
        self.writer().end()
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").field("path", &self.path()).finish_non_exhaustive()
    }
}

/// Makes the tables of a new journal, and refuses another file. Returns whether it is new.
fn prepare(connection: &Connection, path: &Path) -> Result<bool, OpenError> {
    let failed = |error: rusqlite::Error| OpenError::sqlite(&error, path);
    match schema::kind(connection).map_err(failed)? {
        Kind::Empty => {
            schema::begin(connection).map_err(failed)?;
            schema::create(connection).map_err(failed)?;
            Ok(true)
        }
        Kind::Begun => schema::create(connection).map_err(failed).map(|()| true),
        Kind::Journal => Ok(false),
        Kind::Version(found) => Err(OpenError::version(found)),
        Kind::Other => Err(OpenError::NotAJournal),
    }
}

/// A disk that failed to sync is not trusted again before the machine has restarted.
fn refuse_failed_disk(found: &Found) -> Result<(), OpenError> {
    let failed = found.mark.map_or(0, |mark| mark.failed_boot);
    if failed == 0 || Some(failed) != boot::number() {
        return Ok(());
    }
    let text = "the disk failed to keep this journal since the machine was started: restart the machine, or record into a new file on another disk";
    Err(OpenError::Io(std::io::Error::other(text)))
}

/// Notes what is missing at the end of the journal.
fn recover(connection: &mut Connection, found: &Found, is_new: bool) -> rusqlite::Result<Report> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let mut tail = Tail::find(&transaction, runs::last(&transaction)?, found.mark, false)?;
    tail.write(&transaction)?;
    let report = Report { gaps: tail.gaps(&transaction)?, damage: damage(found, is_new, tail.is_used()) };
    transaction.commit()?;
    Ok(report)
}

fn damage(found: &Found, is_new: bool, is_used: bool) -> Vec<String> {
    let mut damage = Vec::new();
    if found.is_damaged {
        damage.push(
            "the mark of the last recorded event was damaged: if the last events are lost, nobody knows"
                .to_owned(),
        );
    }
    if found.mark.is_none() && !is_new && is_used {
        damage.push(
            "the `-mark` file beside the journal is missing: if the last events are lost, nobody knows"
                .to_owned(),
        );
    }
    damage
}
