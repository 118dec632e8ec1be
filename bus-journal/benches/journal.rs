//! Measures the journal: sizes, queries, and commits that many publishers share, beside an
//! append-only file of JSON lines.
//!
//! `cargo bench -p agent-events-journal -- FOLDER [RECORDING.jsonl]`. The folder is on the disk
//! that is measured.

#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first error")]

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bus_core::catalogue::Descriptor;
use bus_core::store::{Entry, Store, StoreError};
use bus_core::{EventBus, Since};
use bus_journal::{Journal, Query};

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let Some(folder) = arguments.next().map(PathBuf::from) else {
        return println!("name a folder on the disk to measure, and perhaps a recording");
    };
    fs::create_dir_all(&folder).unwrap();
    if let Some(recording) = arguments.next() {
        sizes(&folder, Path::new(&recording));
    }
    queries(&folder);
    for publishers in [1, 64, 256] {
        commits(&folder, publishers);
    }
    flow(&folder);
}

fn fresh(folder: &Path) -> PathBuf {
    for end in ["", "-wal", "-shm", "-mark", "-lock"] {
        drop(fs::remove_file(folder.join(format!("bench.db{end}"))));
    }
    folder.join("bench.db")
}

/// Bytes an event of a recording: as it stands, as the bus writes it, and in the journal.
fn sizes(folder: &Path, recording: &Path) {
    let text = fs::read(recording).unwrap();
    let path = fresh(folder);
    let journal = Journal::open(&path).unwrap();
    let bus =
        EventBus::builder().history(usize::MAX / 64).history_bytes(1 << 30).store(journal).build().unwrap();
    for event in bus.reader().lines(&*text) {
        drop(bus.republish(event.unwrap()).send());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { bus.close(Duration::from_mins(1)).await });
    let events = bus.history().limit(usize::MAX).collect();
    let lines: usize = events.iter().map(|event| event.to_json().len() + 1).sum();
    let count = events.len();
    drop((events, bus));
    let file = usize::try_from(fs::metadata(path).unwrap().len()).unwrap();
    println!(
        "sizes: {count} events; bytes an event: recording {}, lines of the bus {}, journal {}",
        text.len() / count,
        lines / count,
        file / count
    );
}

/// Queries at a million events of 20 kinds and 1,000 executions.
fn queries(folder: &Path) {
    let path = fresh(folder);
    let journal = Journal::open(&path).unwrap();
    let line = |n: u64| {
        let (kind, execution) = (n * n % 20, n / 7 % 1_000);
        format!(
            r#"{{"type":"kind_{kind}","stream_id":"desk","node_id":"node-{}","execution_id":"exec-{execution}","data":{{"n":{n},"text":"some text of an event that says what happened"}},"timestamp":"2026-11-22T06:14:08.602474","correlation_id":null,"id":"00c0ffee00c0ffee-{n}"}}"#,
            n % 9
        )
    };
    let bus = EventBus::new();
    let mut reader = bus.reader();
    let begun = Instant::now();
    journal.import((1..=1_000_000).map(|n| Ok(reader.read(&line(n)).unwrap()))).unwrap();
    println!("import: {:.0} events a second", 1e6 / begun.elapsed().as_secs_f64());
    let bytes = fs::metadata(&path).unwrap().len();
    println!("size: {} bytes an event, lines {}", bytes / 1_000_000, line(500_000).len());
    drop(journal);
    let open = median(20, || drop(Journal::open(&path).unwrap()));
    println!("open: {open:.0} us");
    let journal = Journal::open(&path).unwrap();
    let all = journal.query().limit(500_000).page().unwrap();
    let middle = all.items.last().unwrap().event().unwrap().cursor();
    let ask = |name: &str, query: &dyn Fn() -> Query| {
        let time = median(200, || assert!(!query().page().unwrap().items.is_empty()));
        println!("{name}: {time:.0} us");
    };
    let query = || journal.query();
    ask("newest 100", &query);
    ask("newest 100 of a kind", &|| query().kinds(["kind_1"]));
    ask("newest 100 of an execution", &|| query().execution("exec-7"));
    ask("newest 100 of both", &|| query().kinds(["kind_1"]).execution("exec-7"));
    ask("newest 100 of two kinds", &|| query().kinds(["kind_1", "kind_4"]));
    ask("1,000 since a cursor", &|| query().since(Since::After(middle)).oldest_first().limit(1_000));
    let time = median(3, || drop(journal.executions().unwrap()));
    println!("executions: {:.0} ms", time / 1e3);
    let time = median(1, || drop(query().oldest_first().export(std::io::sink()).unwrap()));
    println!("export of all: {:.2} s", time / 1e6);
}

/// The median time of a call, in microseconds.
fn median(count: usize, mut call: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..count)
        .map(|_| {
            let begun = Instant::now();
            call();
            begun.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[count / 2]
}

/// An append-only file of JSON lines with one sync a batch.
struct Lines(Mutex<File>);

impl Store for Lines {
    fn write(&self, batch: &[Entry]) -> Result<(), StoreError> {
        let mut text = Vec::new();
        for event in batch.iter().filter_map(Entry::event) {
            event.write_json(&mut text).unwrap();
            text.push(b'\n');
        }
        let mut file = self.0.lock().unwrap();
        file.write_all(&text).and_then(|()| file.sync_data()).map_err(StoreError::failed)
    }
}

/// Counts the batches of a store.
struct Counted<S> {
    store: S,
    batches: Arc<AtomicU32>,
}

impl<S: Store> Store for Counted<S> {
    fn keeps(&self, kind: &str, declared: Option<&'static Descriptor>) -> bool {
        self.store.keeps(kind, declared)
    }

    fn begin(&self, run: u64) -> Result<(), StoreError> {
        self.store.begin(run)
    }

    fn write(&self, batch: &[Entry]) -> Result<(), StoreError> {
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.store.write(batch)
    }

    fn end(&self) -> Result<(), StoreError> {
        self.store.end()
    }
}

/// Publishers that each await `recorded()`, on both stores in turn.
fn commits(folder: &Path, publishers: u64) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut rates = [Vec::new(), Vec::new()];
    let mut each = [0.0, 0.0];
    for _ in 0..5 {
        for (at, name) in ["journal", "lines"].into_iter().enumerate() {
            let batches = Arc::new(AtomicU32::new(0));
            let builder = EventBus::builder().history(100);
            let bus = if name == "journal" {
                let store = Journal::open(fresh(folder)).unwrap();
                builder.store(Counted { store, batches: Arc::clone(&batches) })
            } else {
                let store = Lines(Mutex::new(File::create(folder.join("bench.jsonl")).unwrap()));
                builder.store(Counted { store, batches: Arc::clone(&batches) })
            };
            let bus = bus.build().unwrap();
            let (events, seconds) = runtime.block_on(publish(&bus, publishers));
            rates[at].push(events / seconds);
            each[at] = events / f64::from(batches.load(Ordering::Relaxed));
        }
    }
    let [journal, lines] = rates.map(|mut rates| {
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    });
    println!(
        "{publishers} publishers: journal {journal:.0} events a second, {:.0} a commit; lines {lines:.0}, {:.0} a sync; ratio {:.2}",
        each[0],
        each[1],
        journal / lines
    );
}

async fn publish(bus: &EventBus, publishers: u64) -> (f64, f64) {
    let begun = Instant::now();
    let until = begun + Duration::from_secs(2);
    let tasks: Vec<_> = (0..publishers)
        .map(|publisher| {
            let desk = bus.stream("desk").execution(format!("exec-{publisher}")).node("planner");
            tokio::spawn(async move {
                let mut count = 0;
                while Instant::now() < until {
                    let data = serde_json::json!({ "n": count, "text": "x".repeat(120) });
                    desk.emit_dynamic("step", data).send().recorded().await.unwrap();
                    count += 1;
                }
                count
            })
        })
        .collect();
    let mut events = 0;
    for task in tasks {
        events += task.await.unwrap();
    }
    let seconds = begun.elapsed().as_secs_f64();
    bus.close(Duration::from_mins(1)).await;
    (f64::from(events), seconds)
}

/// A flow that nobody awaits, of lines of about 300 bytes.
fn flow(folder: &Path) {
    let journal = Journal::open(fresh(folder)).unwrap();
    let bus = EventBus::builder().history(100).store_queue_bytes(1 << 30).store(journal).build().unwrap();
    let desk = bus.stream("desk").execution("exec-1").node("planner");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let begun = Instant::now();
    for n in 0..300_000 {
        desk.emit_dynamic("step", serde_json::json!({ "n": n, "text": "x".repeat(40) })).send();
    }
    let sent = begun.elapsed();
    runtime.block_on(async { bus.close(Duration::from_mins(10)).await });
    let stored = begun.elapsed();
    let store = bus.stats().store.unwrap();
    println!(
        "flow: {} recorded, {} not; sent {:.0} a second, recorded {:.0} a second",
        store.recorded,
        store.not_recorded,
        3e5 / sent.as_secs_f64(),
        3e5 / stored.as_secs_f64()
    );
}
