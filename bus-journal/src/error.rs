//! Why a journal cannot be opened, read or filled.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use bus_core::EventId;
use bus_core::store::StoreError;
use bus_core::wire::LineError;

use crate::failure;
use crate::schema;

/// Why a journal was not opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// It is open for writing already, in this process or in another.
    InUse {
        /// The process that has it, if it could be read.
        pid: Option<u32>,
    },
    /// A later version of this library wrote it.
    Newer {
        /// The version of its tables.
        found: u32,
        /// The latest version that is known here.
        known: u32,
    },
    /// An earlier version of this library wrote it, whose tables were others.
    Older {
        /// The version of its tables.
        found: u32,
        /// The earliest version that is known here.
        known: u32,
    },
    /// It is another file.
    NotAJournal,
    /// It is so damaged that SQLite cannot read it; the text is SQLite's.
    Damaged(String),
    /// A file or folder could not be opened, read or written.
    Io(io::Error),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse { pid: Some(pid) } => {
                write!(
                    f,
                    "the journal is in use by process {pid}: end it, or open the journal with `Journal::read`"
                )
            }
            Self::InUse { pid: None } => f.write_str(
                "the journal is in use by another process: end it, or open the journal with `Journal::read`",
            ),
            Self::Newer { found, known } => write!(
                f,
                "the journal has version {found} and this program knows {known}: update agent-events-journal"
            ),
            Self::Older { found, known } => write!(
                f,
                "the journal has version {found} and this program reads version {known}: export it with the program that wrote it and import the lines, or choose another path"
            ),
            Self::NotAJournal => {
                f.write_str("the file is not a journal: choose another path, or remove the file")
            }
            Self::Damaged(error) => write!(
                f,
                "the journal is damaged ({error}): move it away with its `-wal` and `-mark` files to record into a new one"
            ),
            Self::Io(error) => write!(f, "the journal cannot be opened: {error}"),
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let Self::Io(error) = self { Some(error) } else { None }
    }
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl OpenError {
    /// An error of SQLite's, while a journal is opened.
    pub(crate) fn sqlite(error: &rusqlite::Error, path: &Path) -> Self {
        if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) {
            return Self::NotAJournal;
        }
        if failure::is_damage(error) {
            return Self::Damaged(error.to_string());
        }
        let folder = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        let text = if failure::is_full(error) {
            "there is no space on the disk: free some".to_owned()
        } else if failure::is_unopenable(error) && path.is_file() {
            format!(
                "{error}: SQLite needs to write files beside the journal unless a writer is at work; make the folder {} and its files writable, or copy the journal with its `-wal` and `-mark` files",
                folder.display()
            )
        } else {
            error.to_string()
        };
        Self::Io(io::Error::other(text))
    }

    /// A file beside the journal cannot be made or written.
    pub(crate) fn unwritable(error: &io::Error, path: &Path) -> Self {
        let folder = path.parent().unwrap_or(path).display();
        let text = format!(
            "the folder {folder} or a file of the journal in it cannot be written ({error}): make both writable, or open the journal with `Journal::read`"
        );
        Self::Io(io::Error::new(error.kind(), text))
    }

    /// The tables have this version, which is not the one that is known.
    pub(crate) fn version(found: u32) -> Self {
        let known = schema::VERSION;
        if found < known { Self::Older { found, known } } else { Self::Newer { found, known } }
    }
}

/// Why a journal could not be queried.
#[derive(Debug)]
#[non_exhaustive]
pub enum QueryError {
    /// The cursor is of a run that the journal does not hold.
    UnknownCursor(EventId),
    /// SQLite cannot read the file here; the text is SQLite's.
    Damaged(String),
    /// No definition in this program says what ends this kind.
    NoPair(String),
    /// The file could not be read.
    Io(io::Error),
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCursor(cursor) => write!(
                f,
                "the journal does not hold the run of the cursor {cursor}: use a cursor of this journal, or `Since::Beginning`"
            ),
            Self::Damaged(error) => {
                write!(f, "the journal is damaged here ({error}): query other events, or use a copy")
            }
            Self::NoPair(kind) => write!(
                f,
                "no definition in this program says what ends `{kind}`: add `ends_with` to it, or name another kind"
            ),
            Self::Io(error) => write!(f, "the journal cannot be read: {error}"),
        }
    }
}

impl std::error::Error for QueryError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let Self::Io(error) = self { Some(error) } else { None }
    }
}

impl From<rusqlite::Error> for QueryError {
    fn from(error: rusqlite::Error) -> Self {
        if failure::is_damage(&error) {
            Self::Damaged(error.to_string())
        } else {
            Self::Io(io::Error::other(error.to_string()))
        }
    }
}

impl From<io::Error> for QueryError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Why an import stopped. The events before are in the journal.
#[derive(Debug)]
#[non_exhaustive]
pub enum ImportError {
    /// A line is not an event.
    Line(LineError),
    /// The journal does not take it.
    Store(StoreError),
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(error) => error.fmt(f),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ImportError {}

impl From<LineError> for ImportError {
    fn from(error: LineError) -> Self {
        Self::Line(error)
    }
}

impl From<StoreError> for ImportError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Why an export stopped.
#[derive(Debug)]
#[non_exhaustive]
pub enum ExportError {
    /// The journal cannot be read.
    Query(QueryError),
    /// The output cannot be written.
    Io(io::Error),
}

impl fmt::Display for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Query(error) => error.fmt(f),
            Self::Io(error) => write!(f, "the output cannot be written: {error}"),
        }
    }
}

impl std::error::Error for ExportError {}

impl From<QueryError> for ExportError {
    fn from(error: QueryError) -> Self {
        Self::Query(error)
    }
}

impl From<io::Error> for ExportError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
