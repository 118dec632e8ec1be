//! Shared by the tests: a folder with a journal, events without a recording bus, answers as text.
#![allow(dead_code, reason = "each test program uses a part of this")]

use std::future::Future;
use std::path::{Path, PathBuf};

use bus_core::store::{Entry, Store};
use bus_core::{AnyEvent, EventBus};
use bus_journal::{Item, Journal, Query};
use tempfile::TempDir;

/// A folder with the path of a journal in it.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// In the memory of the machine, if it has a folder there: for tests of many journals, and for
    /// those that end a process while it does not wait for a disk.
    pub(crate) fn in_memory() -> Self {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        Self { folder: folder.unwrap() }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Copies all files into another place.
    pub(crate) fn copy_to(&self, other: &Self) {
        for file in std::fs::read_dir(self.folder()).unwrap().map(Result::unwrap) {
            std::fs::copy(file.path(), other.folder().join(file.file_name())).unwrap();
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("run.db")
    }

    pub(crate) fn beside(&self, end: &str) -> PathBuf {
        self.folder.path().join(format!("run.db{end}"))
    }

    pub(crate) fn open(&self) -> Journal {
        Journal::open(self.path()).unwrap()
    }
}

/// A bus that keeps its events, so that a test can hand them to a store itself.
pub(crate) fn bus() -> EventBus {
    EventBus::builder().history(1_000_000).build().unwrap()
}

/// The events of a bus, oldest first.
pub(crate) fn events(bus: &EventBus) -> Vec<AnyEvent> {
    bus.history().oldest_first().limit(usize::MAX).collect()
}

/// Emits `count` numbered events of kind `step`, from the number on.
pub(crate) fn steps(bus: &EventBus, numbers: std::ops::Range<u64>) {
    let desk = bus.stream("desk").execution("exec-1");
    for n in numbers {
        desk.emit_dynamic("step", serde_json::json!({ "n": n })).send();
    }
}

pub(crate) fn run_of(bus: &EventBus) -> u64 {
    events(bus)[0].cursor().run()
}

/// Records all events of a bus as one run, in batches of 7. The run has no end.
pub(crate) fn record(journal: &Journal, bus: &EventBus) {
    journal.begin(run_of(bus)).unwrap();
    write(journal, &events(bus));
}

pub(crate) fn write(journal: &Journal, events: &[AnyEvent]) {
    for batch in events.chunks(7) {
        let entries: Vec<_> = batch.iter().cloned().map(Entry::Event).collect();
        journal.write(&entries).unwrap();
    }
}

/// The lines and gaps of all pages of a query, a gap as its cause and its range.
pub(crate) fn answer(query: Query) -> Vec<String> {
    query.items().map(|item| text(&item.unwrap())).collect()
}

pub(crate) fn text(item: &Item) -> String {
    match item {
        Item::Event(event) => event.json().to_owned(),
        Item::Gap(gap) => {
            format!("{:?} {}..{} {:?}", gap.cause, gap.from.seq(), gap.to.seq(), gap.events)
        }
    }
}

pub(crate) fn lines(events: &[AnyEvent]) -> Vec<String> {
    events.iter().map(AnyEvent::to_json).collect()
}

/// Runs a future on a runtime of its own.
pub(crate) fn block_on(future: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.unwrap().block_on(future);
}
