//! A journal that is open for reading.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bus_core::wire::ReadError;
use bus_core::{EventBus, ReadEvent};
use rusqlite::{Connection, OpenFlags};

use crate::error::{OpenError, QueryError};
use crate::file::{self, OpenFile};
use crate::lock::Lock;
use crate::mark::MarkReader;
use crate::names::Names;
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
    file: OpenFile,
    /// Connections that nobody uses now.
    idle: Mutex<Vec<Session>>,
    /// Knows the kinds that are linked into the program.
    bus: EventBus,
}

/// A connection with what it knows.
struct Session {
    connection: Connection,
    names: Names,
    mark: MarkReader,
}

/// A transaction that reads: everything in it is of one moment.
struct Snapshot<'a>(&'a Connection);

impl<'a> Snapshot<'a> {
    /// SQLite takes the moment with the first read.
    fn begin(connection: &'a Connection) -> rusqlite::Result<Self> {
        connection.prepare_cached("BEGIN")?.execute([])?;
        Ok(Self(connection))
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        // Nothing was written; a failed read may have ended the transaction by itself.
        let _ = self.0.prepare_cached("ROLLBACK").and_then(|mut end| end.execute([]));
    }
}

impl Reader {
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        let file = OpenFile::new(file::locate(path)?)?;
        let idle = Mutex::new(vec![Session::open(file.path())?]);
        Ok(Self { shared: Arc::new(Shared { file, idle, bus: EventBus::new() }) })
    }

    /// Returns the path of the journal, from the root and without links.
    pub fn path(&self) -> &Path {
        self.shared.file.path()
    }

    pub(crate) fn file(&self) -> &OpenFile {
        &self.shared.file
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
        read: impl FnOnce(&Connection, &mut Names, &Tail) -> Result<T, QueryError>,
    ) -> Result<T, QueryError> {
        self.file().check()?;
        let idle = || self.shared.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let reused = idle().pop();
        let mut session = match reused {
            Some(session) => session,
            None => Session::open(self.path()).map_err(|error| match error {
                OpenError::Io(error) => QueryError::Io(error),
                other => QueryError::Damaged(other.to_string()),
            })?,
        };
        let Session { connection, names, mark } = &mut session;
        // A run that had no end while nobody had the lock, and has none a moment later, is over.
        let mut abandoned = None;
        let result = loop {
            // Read before the transaction begins, so that a mark is never ahead of its events.
            let found = mark.read()?;
            let _snapshot = Snapshot::begin(connection)?;
            let last = runs::last(connection)?;
            let open = last.as_ref().filter(|run| !run.is_over()).map(|run| run.number);
            if open.is_some() && open != abandoned && !Lock::is_held(self.path()) {
                abandoned = open;
                continue;
            }
            let is_live = open.is_none() || open != abandoned;
            let tail = Tail::find(connection, last, found.mark, is_live)?;
            break read(connection, names, &tail);
        };
        idle().push(session);
        result
    }
}

impl Session {
    fn open(path: &Path) -> Result<Self, OpenError> {
        let failed = |error: rusqlite::Error| OpenError::sqlite(&error, path);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        schema::set_reader(&connection).map_err(failed)?;
        match schema::kind(&connection).map_err(failed)? {
            Kind::Journal => Ok(Self { connection, names: Names::default(), mark: MarkReader::new(path) }),
            Kind::Version(found) => Err(OpenError::version(found)),
            Kind::Empty | Kind::Begun | Kind::Other => Err(OpenError::NotAJournal),
        }
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("path", &self.path()).finish_non_exhaustive()
    }
}
