//! Measures the journal: sizes, queries, replay, and commits that many publishers share, beside
//! files of JSON lines.
//!
//! `cargo bench -p agent-events-journal -- FOLDER [RECORDING.jsonl] [PART]...`. The folder is on
//! the disk that is measured. The parts are `sizes`, `queries`, `replay`, `commits`, `sends` and
//! `flow`; all of them unless some are named.

#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first error")]

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bus_core::catalogue::Descriptor;
use bus_core::store::{Entry, Store, StoreError};
use bus_core::{AgentEvent, Event, EventBus, Since};
use bus_journal::{Journal, Query};

/// The events that are replayed and sent.
#[derive(AgentEvent)]
#[events(version = 1)]
pub enum BenchEvents {
    /// Something was done.
    StepDone {
        /// Its number.
        n: u64,
        /// A text of usual length.
        text: String,
    },
}

const TEXT: &str = "some text of an event that says what happened";

fn main() {
    let mut arguments: Vec<_> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if arguments.is_empty() {
        return println!("name a folder on the disk to measure, and perhaps a recording and parts");
    }
    let folder = PathBuf::from(arguments.remove(0));
    fs::create_dir_all(&folder).unwrap();
    let is_file = |argument: &String| Path::new(argument).is_file();
    let recording = arguments.iter().position(is_file).map(|at| arguments.remove(at));
    let wanted = |part: &str| arguments.is_empty() || arguments.iter().any(|argument| argument == part);
    if let Some(recording) = recording.filter(|_| wanted("sizes")) {
        sizes(&folder, Path::new(&recording));
    }
    if wanted("queries") {
        queries(&folder);
    }
    if wanted("replay") {
        replay(&folder);
    }
    for publishers in [1, 64, 256] {
        if wanted("commits") {
            commits(&folder, publishers);
        }
    }
    if wanted("sends") {
        sends(&folder);
    }
    if wanted("flow") {
        flow(&folder);
    }
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

/// Reading a million typed events from a journal, and from JSON lines by the reader of the bus, in
/// turn.
fn replay(folder: &Path) {
    let (path, lines) = (fresh(folder), folder.join("bench.jsonl"));
    let bus = EventBus::new();
    {
        let journal = Journal::open(&path).unwrap();
        let mut file = BufWriter::new(File::create(&lines).unwrap());
        let mut reader = bus.reader();
        let events = (1..=1_000_000_u64).map(|n| {
            let line = format!(
                r#"{{"type":"step_done","stream_id":"desk","node_id":"node-{}","execution_id":"exec-{}","data":{{"n":{n},"text":"{TEXT}"}},"timestamp":"2026-11-22T06:14:08.602474+00:00","correlation_id":null,"id":"00c0ffee00c0ffee-{n}","seq":{n},"version":1,"causation_id":null}}"#,
                n % 9,
                n / 7 % 1_000
            );
            writeln!(file, "{line}").unwrap();
            Ok(reader.read(&line).unwrap())
        });
        journal.import(events).unwrap();
    }
    let journal = Journal::open(&path).unwrap();
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..3 {
        let (begun, mut sum) = (Instant::now(), 0);
        for item in journal.query().oldest_first().limit(1_000).items() {
            let item = item.unwrap();
            let event = item.event().unwrap();
            sum += event.read().unwrap().payload::<StepDone>().unwrap().n;
        }
        times[0].push(begun.elapsed().as_secs_f64());
        let begun = Instant::now();
        for event in bus.reader().lines(BufReader::new(File::open(&lines).unwrap())) {
            sum -= event.unwrap().payload::<StepDone>().unwrap().n;
        }
        times[1].push(begun.elapsed().as_secs_f64());
        assert_eq!(sum, 0);
    }
    let [journal, lines] = times.map(middle);
    println!("replay: journal {journal:.2} s, lines {lines:.2} s, ratio {:.2}", lines / journal);
}

/// The middle of some numbers.
fn middle(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// The median time of a call, in microseconds.
fn median(count: usize, mut call: impl FnMut()) -> f64 {
    let time = |_| {
        let begun = Instant::now();
        call();
        begun.elapsed().as_secs_f64() * 1e6
    };
    middle((0..count).map(time).collect())
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
    let (mut rates, mut each) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for _ in 0..5 {
        for at in 0..2 {
            let batches = Arc::new(AtomicU32::new(0));
            let builder = EventBus::builder().history(100);
            let bus = if at == 0 {
                let store = Journal::open(fresh(folder)).unwrap();
                builder.store(Counted { store, batches: Arc::clone(&batches) })
            } else {
                let store = Lines(Mutex::new(File::create(folder.join("bench.jsonl")).unwrap()));
                builder.store(Counted { store, batches: Arc::clone(&batches) })
            };
            let bus = bus.build().unwrap();
            let (events, seconds) = runtime.block_on(publish(&bus, publishers));
            rates[at].push(events / seconds);
            each[at].push(events / f64::from(batches.load(Ordering::Relaxed)));
        }
    }
    let ratio = middle(rates[0].iter().zip(&rates[1]).map(|(journal, lines)| journal / lines).collect());
    let ([journal, lines], [of_journal, of_lines]) = (rates.map(middle), each.map(middle));
    println!(
        "{publishers} publishers: journal {journal:.0} events a second, {of_journal:.0} a commit; lines {lines:.0}, {of_lines:.0} a sync; ratio {ratio:.2}"
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

/// Sending where nobody waits: the time that the publisher's thread works for one event. The
/// journal's own thread is not counted.
fn sends(folder: &Path) {
    let worked = || {
        // The processor time of this thread, in nanoseconds.
        let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        text.split(' ').next().unwrap().parse::<f64>().unwrap()
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..9 {
        for (at, times) in times.iter_mut().enumerate() {
            let builder = EventBus::builder().store_queue_bytes(1 << 30);
            let builder =
                if at == 0 { builder.store(Journal::open(fresh(folder)).unwrap()) } else { builder };
            let bus = builder.build().unwrap();
            for _ in 0..=at {
                let handle = |event: &Event<StepDone>| _ = std::hint::black_box(event.n);
                bus.subscribe::<StepDone>().handle_sync(handle).detach();
            }
            let desk = bus.stream("desk").execution("exec-1").node("planner");
            let begun = worked();
            for n in 0..200_000 {
                desk.emit_step_done(n, TEXT).send();
            }
            times.push((worked() - begun) / 2e5);
            runtime.block_on(async { bus.close(Duration::from_mins(10)).await });
        }
    }
    let ratio = middle(times[0].iter().zip(&times[1]).map(|(journal, handler)| journal / handler).collect());
    let [journal, handler] = times.map(middle);
    println!("send: with a journal {journal:.0} ns, with one more handler {handler:.0} ns, ratio {ratio:.2}");
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
