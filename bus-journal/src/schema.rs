//! The tables, and the settings of a connection.

use rusqlite::config::DbConfig;
use rusqlite::{Connection, Result};

/// Written into the header of the file, so that other databases are recognised: "ajnl".
const APPLICATION: i32 = 0x616a_6e6c;

/// The version of the tables, raised with each change that an older program cannot read.
pub(crate) const VERSION: u32 = 3;

/// The result of looking at a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It has no table and no mark of another program.
    Empty,
    /// It is a journal whose tables are still to be made.
    Begun,
    Journal,
    /// The tables are of an earlier or of a later version.
    Version(u32),
    Other,
}

/// The pages that a connection for reading keeps in memory at most.
const CACHE_KIB: i32 = 16 << 10;

const TABLES: &str = "
-- Each kind that occurs, with the version of its events as JSON.
CREATE TABLE kinds (id INTEGER PRIMARY KEY, name TEXT NOT NULL, version TEXT) STRICT;
CREATE INDEX kinds_name ON kinds (name, version);
CREATE TABLE executions (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
-- Each scope that occurs, without its execution. Other attributes are a JSON object.
CREATE TABLE scopes (
    id INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    node TEXT,
    correlation TEXT,
    attributes TEXT
) STRICT;
CREATE INDEX scopes_all ON scopes (stream, node, correlation, attributes);
-- Each run of a bus. The event with number n of its bus has the position `base` + n. `last` is the
-- last position once the run is over, `end` how it ended: closed or interrupted.
CREATE TABLE runs (
    base INTEGER PRIMARY KEY,
    run INTEGER NOT NULL UNIQUE,
    begun INTEGER NOT NULL,
    ended INTEGER,
    last INTEGER,
    end TEXT,
    checksum INTEGER NOT NULL
) STRICT;
-- Each event. Times are nanoseconds since 1970. `skipped` positions before it are of kinds that are
-- left out. `origin` is its id if another bus gave it, or the hash of a line without an id. NULL in
-- `seq` is its number in its run. `cause` is the number of its cause in the same run, or the id.
-- `data` is the member of the same name; a blob is the whole line.
CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    scope INTEGER NOT NULL,
    execution INTEGER,
    time INTEGER NOT NULL,
    skipped INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    cause ANY,
    seq ANY,
    origin ANY,
    data ANY NOT NULL
) STRICT;
CREATE INDEX events_kind ON events (kind);
-- One index for both: with another one a commit of many executions writes twice as many pages.
CREATE INDEX events_execution ON events (execution, position, kind) WHERE execution IS NOT NULL;
CREATE INDEX events_origin ON events (origin) WHERE origin IS NOT NULL;
-- Each range of positions of which events are missing. NULL in `events` is an unknown number.
CREATE TABLE gaps (
    first INTEGER PRIMARY KEY,
    last INTEGER NOT NULL,
    events INTEGER,
    cause TEXT NOT NULL,
    detail TEXT,
    skipped INTEGER NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;
-- The highest time of all events up to a position, every thousand positions or so.
CREATE TABLE times (position INTEGER PRIMARY KEY, time INTEGER NOT NULL) STRICT;
-- How far each consumer is: the id of the last event that it has handled.
CREATE TABLE positions (
    consumer TEXT PRIMARY KEY,
    run INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;
-- The events that consumers could not handle and went on behind.
CREATE TABLE parked (
    consumer TEXT NOT NULL,
    run INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    time INTEGER NOT NULL,
    reason TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    UNIQUE (consumer, run, seq)
) STRICT;
-- All events up to this position were deleted on purpose.
CREATE TABLE floor (only INTEGER PRIMARY KEY CHECK (only = 0), position INTEGER NOT NULL) STRICT;
INSERT INTO floor VALUES (0, 0);
";

/// Looks what a database is. Nothing is changed.
pub(crate) fn kind(connection: &Connection) -> Result<Kind> {
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let application = number("application_id")?;
    let version = number("user_version")?;
    let is_empty = || {
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        // A process that ends right after it has set the vacuum leaves one page behind.
        Ok::<_, rusqlite::Error>(tables == 0 && (number("page_count")? == 0 || number("auto_vacuum")? == 2))
    };
    Ok(match u32::try_from(version) {
        Ok(0) if application == 0 && is_empty()? => Kind::Empty,
        _ if application != i64::from(APPLICATION) => Kind::Other,
        Ok(0) => Kind::Begun,
        Ok(version) if version != VERSION => Kind::Version(version),
        Ok(_) => Kind::Journal,
        Err(_) => Kind::Other,
    })
}

/// Sets what must be set before the first page is written, in this order: page size and vacuum are
/// ignored once the log is write-ahead.
pub(crate) fn begin(connection: &Connection) -> Result<()> {
    connection.pragma_update(None, "page_size", 8192)?;
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.pragma_update(None, "application_id", APPLICATION)?;
    set_wal(connection)
}

fn set_wal(connection: &Connection) -> Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))
}

/// Makes the tables, all or none.
pub(crate) fn create(connection: &Connection) -> Result<()> {
    connection.execute_batch(&format!("BEGIN IMMEDIATE;{TABLES}PRAGMA user_version = {VERSION};COMMIT;"))
}

/// The settings of the connection that writes.
pub(crate) fn set_writer(connection: &Connection, is_full: bool, most_bytes: Option<u64>) -> Result<()> {
    set_wal(connection)?;
    connection.pragma_update(None, "synchronous", if is_full { "FULL" } else { "NORMAL" })?;
    connection.pragma_update_and_check(None, "journal_size_limit", 16 << 20, |_| Ok(()))?;
    // SQLite drops the error of a checkpoint that it begins by itself.
    connection.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    if let Some(bytes) = most_bytes {
        let size: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let pages = i64::try_from(bytes).unwrap_or(i64::MAX) / size.max(1);
        connection.pragma_update_and_check(
            None,
            "max_page_count",
            pages.clamp(1, 0xffff_fffe),
            |_| Ok(()),
        )?;
    }
    Ok(())
}

/// The settings of a connection that reads.
pub(crate) fn set_reader(connection: &Connection) -> Result<()> {
    // A query runs some ten statements. The usual 2 MiB hold few of the pages that one index finds.
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    // SQLite parses a statement anew whenever a limit is bound, to see whether it changes the plan.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.pragma_update(None, "query_only", true)
}

/// The highest position that any table knows.
pub(crate) fn highest(connection: &Connection) -> Result<u64> {
    let highest: Option<i64> = connection
        .prepare_cached(
            "SELECT max(
                coalesce((SELECT max(position) FROM events), 0),
                coalesce((SELECT last FROM gaps ORDER BY first DESC LIMIT 1), 0),
                coalesce((SELECT max(base, coalesce(last, 0)) FROM runs ORDER BY base DESC LIMIT 1), 0),
                (SELECT position FROM floor))",
        )?
        .query_row([], |row| row.get(0))?;
    Ok(position(highest.unwrap_or(0)))
}

/// A position from its column. A damaged one may be negative.
pub(crate) fn position(column: i64) -> u64 {
    u64::try_from(column).unwrap_or(0)
}

/// A position for its column.
pub(crate) fn column(position: u64) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}
