//! Records the events of a bus in one SQLite file, and reads them back.
//!
//! A [`Journal`] is a [`Store`](bus_core::store::Store): the bus hands it every event, in batches
//! that share a commit. What is acknowledged is on the disk.
//!
//! ```
//! use bus_core::EventBus;
//! use bus_journal::{Item, Journal};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("run.db");
//! let journal = Journal::open(&path)?;
//! let bus = EventBus::builder().store(journal.clone()).build()?;
//! let desk = bus.stream("desk").execution("exec-1");
//! let sent = desk.emit_dynamic("payment_sent", serde_json::json!({ "order": 7 })).send();
//! let id = sent.recorded().await?;
//!
//! let page = journal.query().execution("exec-1").page()?;
//! let Some(Item::Event(event)) = page.items.first() else { panic!("it is recorded") };
//! assert_eq!(event.cursor(), id);
//! # Ok(()) }
//! ```
//!
//! # What is missing is in its place
//!
//! Each answer has a [`Gap`] where events are missing: the disk was full, a process was killed, the
//! file was damaged or cut, old events were deleted. [`Journal::report`] has what was found at
//! opening, [`Reader::check`] reads everything. A row has a checksum, and each entry says where the
//! one before it ends. The last acknowledged position is kept in a file beside the database.
//!
//! # One writer, many readers
//!
//! [`Journal::open`] refuses a second writer and names its process. [`Journal::read`] reads in any
//! process, also while the journal is written.
//!
//! # Files
//!
//! Beside `run.db` are `run.db-wal` and `run.db-shm`, which are SQLite's own, `run.db-mark` with
//! the last acknowledged position, and `run.db-lock` with the process that writes. A copy needs the
//! first, the `-wal` file and the mark.
//!
//! # SQLite
//!
//! SQLite is built in by `rusqlite`. Its versions 0.38 to 0.43 all fit, so that a program can have
//! sqlx or diesel too, of which only one version may link SQLite.

mod archive;
mod boot;
mod builder;
mod check;
mod checksum;
mod consumers;
mod error;
mod execution;
mod export;
mod failure;
mod fair;
mod file;
mod find;
mod gap;
mod import;
mod journal;
mod line;
mod lock;
mod mark;
mod member;
mod names;
mod pairs;
mod query;
mod reader;
mod recovery;
mod report;
mod reports;
mod retention;
mod row;
mod runs;
mod schema;
mod short;
mod stored;
mod writer;

use std::path::{Path, PathBuf};

pub use archive::Parked;
pub use builder::{Durability, JournalBuilder};
pub use error::{ExportError, ImportError, OpenError, QueryError};
pub use execution::Execution;
pub use gap::{Gap, GapCause};
pub use import::Imported;
pub use journal::Journal;
pub use pairs::{Pair, PairItem};
pub use query::{Item, Page, Query, Recorded};
pub use reader::Reader;
pub use report::Report;
pub use retention::Retention;

/// The code in the README is compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

/// The path of a file beside the journal.
fn beside(journal: &Path, end: &str) -> PathBuf {
    let mut path = journal.as_os_str().to_owned();
    path.push(end);
    path.into()
}
