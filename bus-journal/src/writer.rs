//! The one connection that writes: transactions, the mark after each, and what a failure means.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bus_core::store::{Entry, Gap, NotRecorded, StoreError};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, Result, TransactionBehavior, params};

use crate::boot;
use crate::failure;
use crate::file::OpenFile;
use crate::gap::{GapCause, Span};
use crate::line::nanos;
use crate::mark::MarkFile;
use crate::names::Numbers;
use crate::row::{self, Fact, Place};
use crate::runs::{self, End, Run};
use crate::schema::{self, column};

/// The log is written back into the database after about so many bytes.
const CHECKPOINT_BYTES: u64 = 8 << 20;

/// The bytes of a page.
const PAGE: u64 = 8192;

/// The pages that each commit writes, apart from its data and from those of the indexes, of which
/// there is one for each kind and each execution in it. The log may have more of them: SQLite says
/// nothing about its length that all versions of rusqlite pass on.
const COMMIT_PAGES: u64 = 5;

/// The most bytes of an index for each event, in pages that are half full.
const INDEXED: u64 = 28;

/// How often the mark is forced to the disk.
const SYNC: Duration = Duration::from_secs(1);

/// A row of `times` stands for so many positions.
const TIMED: u64 = 1_000;

const CLOSED: &str =
    "no run of a bus has begun in this journal: give it to a bus with `EventBus::builder().store(..)`";

/// Writes events into a journal.
#[derive(Debug)]
pub(crate) struct Writer {
    connection: Connection,
    numbers: Numbers,
    file: OpenFile,
    mark: MarkFile,
    /// The mark is older than the last commit, because it could not be written.
    is_behind: bool,
    run: Option<Run>,
    end: TailState,
    /// The error of the sync that failed. Nothing is written any more.
    failed_sync: Option<Arc<str>>,
    synced: Instant,
    /// Bytes written since the last checkpoint, roughly.
    written: u64,
}

/// The end of the log.
#[derive(Debug, Clone, Copy)]
struct TailState {
    /// The last position.
    last: u64,
    /// The highest time of an event so far, and the position of the last row of `times`.
    highest: i64,
    timed: u64,
}

/// A transaction in which entries are added.
pub(crate) struct Append<'a> {
    connection: &'a Connection,
    numbers: &'a mut Numbers,
    end: &'a mut TailState,
    written: &'a mut u64,
}

impl Writer {
    pub(crate) fn new(connection: Connection, mark: MarkFile, file: OpenFile) -> Result<Self> {
        let last = schema::highest(&connection)?.max(mark.last().position);
        let (timed, highest) = connection.query_row(
            "SELECT coalesce(max(position), 0), coalesce(max(time), -9223372036854775808) FROM times",
            [],
            |row| Ok((schema::position(row.get(0)?), row.get(1)?)),
        )?;
        let newest: Option<i64> = connection.query_row(
            "SELECT max(time) FROM events WHERE position > ?1",
            [column(timed)],
            |row| row.get(0),
        )?;
        let end = TailState { last, highest: newest.unwrap_or(i64::MIN).max(highest), timed };
        Ok(Self {
            connection,
            numbers: Numbers::default(),
            file,
            mark,
            is_behind: false,
            run: None,
            end,
            failed_sync: None,
            synced: Instant::now(),
            written: 0,
        })
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(crate) fn has_run(&self) -> bool {
        self.run.is_some()
    }

    /// Begins a run of a bus, or an import.
    pub(crate) fn begin(&mut self, run: u64) -> Result<(), StoreError> {
        if self.has_run() {
            let text =
                "another bus records into this journal: close it first, or give each bus its own journal";
            return Err(StoreError::failed(text));
        }
        if runs::find(&self.connection, run).map_err(|error| failure::store(&error))?.is_some() {
            let text = format!("the journal has a run {run:016x} already: let the bus choose its run");
            return Err(StoreError::failed(text));
        }
        let row = Run::new(self.end.last + 1, run);
        self.commit(|append| {
            append.end.last = row.base;
            row.insert(append.connection)
        })?;
        self.run = Some(row);
        self.mark()
    }

    /// Writes a batch of a bus.
    pub(crate) fn write(&mut self, batch: &[Entry]) -> Result<(), StoreError> {
        let run = self.run.clone().ok_or_else(|| StoreError::failed(CLOSED))?;
        let first = batch.first().map_or(0, |entry| match entry {
            Entry::Event(event) => event.seq(),
            Entry::Gap(gap) => gap.from,
            _ => 0,
        });
        if run.base + first <= self.end.last {
            return Err(StoreError::failed(format!("the journal has position {first} of this run already")));
        }
        self.commit(|append| {
            let mut insert = row::prepare(append.connection)?;
            for entry in batch {
                match entry {
                    Entry::Event(event) => {
                        let line = event.to_json();
                        append.event(&mut insert, &run, event.seq(), Fact::of(event, &line))?;
                    }
                    Entry::Gap(gap) => append.gap(&run, gap)?,
                    _ => {}
                }
            }
            Ok(())
        })
    }

    /// Writes events of an import behind each other.
    pub(crate) fn import(&mut self, facts: &[Fact<'_>]) -> Result<(), StoreError> {
        let run = self.run.clone().ok_or_else(|| StoreError::failed(CLOSED))?;
        self.commit(|append| {
            let mut insert = row::prepare(append.connection)?;
            for fact in facts {
                let seq = append.end.last + 1 - run.base;
                append.event(&mut insert, &run, seq, *fact)?;
            }
            Ok(())
        })
    }

    /// Ends the run.
    pub(crate) fn end(&mut self) -> Result<(), StoreError> {
        let Some(mut run) = self.run.clone() else { return Ok(()) };
        self.commit(|append| run.finish(append.connection, End::Closed, append.end.last))?;
        self.run = None;
        self.checkpoint();
        self.sync_mark();
        self.refused()
    }

    /// Deletes or changes rows that are no new entries, durable when it returns. The log gets about
    /// so many bytes by it.
    pub(crate) fn change<T>(
        &mut self,
        bytes: u64,
        work: impl FnOnce(&Connection) -> Result<T>,
    ) -> Result<T, StoreError> {
        let mut changed = None;
        self.commit(|append| {
            changed = Some(work(append.connection)?);
            *append.written += bytes;
            Ok(())
        })?;
        changed.ok_or_else(|| StoreError::failed("nothing was changed"))
    }

    /// Runs one transaction and writes the mark behind it.
    fn commit(&mut self, work: impl FnOnce(&mut Append<'_>) -> Result<()>) -> Result<(), StoreError> {
        self.refused()?;
        if self.is_behind {
            self.mark()?;
        }
        // The names of a transaction that failed or panicked are not in the file.
        self.numbers.forget();
        let (mut end, mut written) = (self.end, COMMIT_PAGES * PAGE);
        let done = (|| {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let (connection, numbers) = (&*transaction, &mut self.numbers);
            let mut append = Append { connection, numbers, end: &mut end, written: &mut written };
            work(&mut append)?;
            append.time()?;
            transaction.commit()
        })();
        if let Err(error) = done {
            return Err(self.failed(&error));
        }
        // A small index has fewer pages than executions.
        let indexes = self.numbers.touched().min(2 + 2 * INDEXED * end.last / PAGE);
        self.written += written + indexes * PAGE;
        self.numbers.keep();
        self.end = end;
        self.file.check().map_err(StoreError::failed)?;
        // The events are there. If the mark cannot follow, the next batch says so.
        self.is_behind = self.mark().is_err();
        if self.written >= CHECKPOINT_BYTES {
            self.checkpoint();
        }
        if self.synced.elapsed() >= SYNC {
            self.sync_mark();
        }
        Ok(())
    }

    /// Writes the mark of the last commit.
    fn mark(&mut self) -> Result<(), StoreError> {
        let last = self.end.last;
        let (run, seq) = match &self.run {
            Some(run) => (run.number, last - run.base),
            None => (self.mark.last().run, self.mark.last().seq + last - self.mark.last().position),
        };
        let written = self.mark.write(last, run, seq);
        self.is_behind = written.is_err();
        written.map_err(|error| match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => StoreError::Full,
            _ => StoreError::failed(format!("the mark beside the journal cannot be written: {error}")),
        })
    }

    fn sync_mark(&mut self) {
        self.synced = Instant::now();
        if let Err(error) = self.mark.sync() {
            self.refuse(&error.to_string());
        }
    }

    /// Writes the log back into the database, as far as readers allow.
    pub(crate) fn checkpoint(&mut self) {
        self.written = 0;
        let done = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        // A full disk is no harm: the log stays, and the next checkpoint tries again.
        if let Err(error) = done {
            self.failed(&error);
        }
    }

    fn failed(&mut self, error: &rusqlite::Error) -> StoreError {
        if failure::is_failed_sync(error) {
            self.refuse(&error.to_string());
        }
        failure::store(error)
    }

    /// Writes no more: the system may have dropped what it failed to sync, and would not say so
    /// again.
    fn refuse(&mut self, error: &str) {
        let text = format!(
            "the disk failed to keep the journal ({error}), so nothing more is written to it until the machine has restarted: record into a new file on another disk"
        );
        self.failed_sync = Some(text.into());
        abandon(&self.connection, &mut self.mark);
    }

    fn refused(&self) -> Result<(), StoreError> {
        match &self.failed_sync {
            Some(text) => Err(StoreError::Failed(Arc::clone(text))),
            None => Ok(()),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if self.failed_sync.is_none() {
            self.sync_mark();
        }
    }
}

impl Append<'_> {
    fn event(
        &mut self,
        insert: &mut rusqlite::Statement<'_>,
        run: &Run,
        seq: u64,
        fact: Fact<'_>,
    ) -> Result<()> {
        let position = run.base + seq;
        let skipped = position - self.end.last - 1;
        let place = Place { position, run: run.number, seq, skipped };
        fact.insert(self.connection, insert, self.numbers, place)?;
        self.end.last = position;
        self.end.highest = self.end.highest.max(nanos(fact.time));
        *self.written += fact.line.len() as u64;
        Ok(())
    }

    fn gap(&mut self, run: &Run, gap: &Gap) -> Result<()> {
        let (first, last) = (run.base + gap.from, run.base + gap.to.max(gap.from));
        let cause = match &gap.cause {
            NotRecorded::Full => GapCause::Full,
            other => GapCause::Failed(other.to_string().into()),
        };
        let skipped = first.saturating_sub(self.end.last + 1);
        self.end.last = last;
        Span { first, last, events: Some(gap.events), cause, skipped }.insert(self.connection)
    }

    /// Notes the highest time so far, now and then.
    fn time(&mut self) -> Result<()> {
        if self.end.last - self.end.timed >= TIMED {
            self.end.timed = self.end.last;
            let values = params![column(self.end.last), self.end.highest];
            self.connection.execute("INSERT INTO times VALUES (?1, ?2)", values)?;
        }
        Ok(())
    }
}

/// Leaves the files as they are after a failed sync, and notes it for all processes of this boot.
/// If that fails too, this process knows it at least.
pub(crate) fn abandon(connection: &Connection, mark: &mut MarkFile) {
    // Else the log is written back when the connection is closed.
    let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    let _ = boot::number().map(|boot| mark.write_failed_boot(boot));
}

/// Makes the folder's entries of new files durable.
pub(crate) fn sync_folder(journal: &Path) -> std::io::Result<()> {
    let folder = journal.parent().filter(|folder| !folder.as_os_str().is_empty());
    // Only where a folder can be opened as a file.
    match std::fs::File::open(folder.unwrap_or(Path::new("."))) {
        Ok(folder) => folder.sync_all(),
        Err(_) => Ok(()),
    }
}
