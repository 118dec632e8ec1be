//! A journal that is open for reading.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bus_core::wire::ReadError;
use bus_core::{EventBus, ReadEvent};
use rusqlite::{Connection, OpenFlags};

use crate::error::{OpenError, QueryError};
use crate::lock::Lock;
use crate::mark;
use crate::names::Texts;
use crate::query::Query;
use crate::recovery::Tail;
use crate::runs;
use crate::schema::{self, Kind};

/// A journal that is open for reading: a cheap handle, also while another process writes.
///
/// ```
/// use bus_core::store::Store;
/// use bus_journal::{Item, Journal};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("run.db");
/// # let bus = bus_core::EventBus::new();
/// # let lines = r#"{"type":"asked","stream_id":"desk","timestamp":"2026-11-22T06:14:08"}"#;
/// # Journal::open(&path)?.import(bus.reader().lines(lines.as_bytes()))?;
/// let reader = Journal::read(&path)?;
/// for item in reader.query().kinds(["asked"]).limit(10).page()?.items {
///     match item {
///         Item::Event(event) => println!("{} {}", event.cursor(), event.json()),
///         Item::Gap(gap) => println!("{gap}"),
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Reader {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    /// Connections that nobody uses now.
    idle: Mutex<Vec<Session>>,
    /// Knows the kinds that are linked into the program.
    bus: EventBus,
}

/// A connection with what it knows.
pub(crate) struct Session {
    pub(crate) connection: Connection,
    pub(crate) names: Texts,
}

impl Reader {
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        let session = Session::open(path)?;
        let idle = Mutex::new(vec![session]);
        Ok(Self { shared: Arc::new(Shared { path: path.to_owned(), idle, bus: EventBus::new() }) })
    }

    /// Returns the path of the journal.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// Returns a query of the events: newest first, at most 100, unless set.
    pub fn query(&self) -> Query {
        Query::new(self.clone())
    }

    pub(crate) fn bus(&self) -> &EventBus {
        &self.shared.bus
    }

    /// Reads a stored line as an event.
    pub(crate) fn event(&self, line: &str) -> Result<ReadEvent, ReadError> {
        self.bus().reader().max_bytes(usize::MAX).read(line)
    }

    /// Reads in one transaction, so that everything is of one moment. The second argument is what
    /// is missing at the end of the journal.
    pub(crate) fn with<T>(
        &self,
        read: impl FnOnce(&Connection, &mut Texts, &Tail) -> Result<T, QueryError>,
    ) -> Result<T, QueryError> {
        let idle = || self.shared.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let reused = idle().pop();
        let mut session = match reused {
            Some(session) => session,
            None => Session::open(self.path()).map_err(|error| match error {
                OpenError::Io(error) => QueryError::Io(error),
                other => QueryError::Damaged(other.to_string()),
            })?,
        };
        let Session { connection, names } = &mut session;
        // A run that had no end while nobody had the lock, and has none a moment later, is over.
        let mut abandoned = None;
        let result = loop {
            // Read before the transaction begins, so that a mark is never ahead of its events.
            let found = mark::read(self.path())?;
            let transaction = connection.transaction()?;
            let open = runs::last(&transaction)?.filter(|run| !run.is_over()).map(|run| run.number);
            if open.is_some() && open != abandoned && !Lock::is_held(self.path()) {
                abandoned = open;
                continue;
            }
            let is_live = open.is_none() || open != abandoned;
            let tail = Tail::find(&transaction, found.mark, is_live)?;
            break read(&transaction, names, &tail);
        };
        idle().push(session);
        result
    }
}

impl Session {
    fn open(path: &Path) -> Result<Self, OpenError> {
        // Without this SQLite's error does not say that there is no file.
        std::fs::metadata(path)?;
        let failed = |error: rusqlite::Error| OpenError::sqlite(&error, path);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        schema::set_reader(&connection).map_err(failed)?;
        match schema::kind(&connection).map_err(failed)? {
            Kind::Journal => Ok(Self { connection, names: Texts::default() }),
            Kind::Newer(found) => Err(OpenError::newer(found)),
            Kind::Empty | Kind::Begun | Kind::Other => Err(OpenError::NotAJournal),
        }
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("path", &self.path()).finish_non_exhaustive()
    }
}
