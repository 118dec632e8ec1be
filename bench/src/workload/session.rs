//! (k) The recorded session end to end: read, publish to 8 typed handlers and 4 streams, write.

mod bare;
mod python;

use std::hint::black_box;
use std::path::PathBuf;
use std::rc::Rc;

use bus_agent::{
    EdgeTraversed, JudgeVerdict, LlmTextDelta, NodeLoopIteration, NodeLoopStarted, OutputKeySet,
    ToolCallCompleted, ToolCallStarted,
};
use bus_core::EventSet;
use bus_core::{Event, EventBus};
use flate2::read::GzDecoder;
use serde_json::Value;

use crate::load::{Counter, HISTORY, bus, runtime};
use crate::measure::{Group, Side};

const STREAMS: u64 = 4;

/// Events between two runs of the readers, as in a runtime.
const TURN: usize = 64;

/// The kinds that have a handler.
const HANDLED: [&str; 8] = [
    "llm_text_delta",
    "tool_call_started",
    "tool_call_completed",
    "node_loop_started",
    "node_loop_iteration",
    "output_key_set",
    "judge_verdict",
    "edge_traversed",
];

/// The location of files outside of the repository: beside it, unless `BUS_SHARED` is set.
fn shared() -> PathBuf {
    let beside = || concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared").into();
    std::env::var_os("BUS_SHARED").map_or_else(beside, PathBuf::from)
}

pub(crate) fn groups() -> Vec<Group> {
    let Some(lines) = recording() else {
        println!("k: left out, the recorded session is not there");
        return Vec::new();
    };
    let lines = Rc::new(lines);
    let events = lines.len();
    let mut group = Group::new("k", "the recorded session: read, publish, write", "event")
        .side(ours(Rc::clone(&lines)).per(events))
        .side(bare::side(Rc::clone(&lines)).per(events))
        .fixed(1)
        .target("bus", "serde, read and written", 2.0);
    // The output of a first pass is checked, which is not part of the work.
    for side in &mut group.sides {
        side.take(1);
    }
    match python::side(&shared(), &lines) {
        Some(side) => group = group.side(side.per(events)).target("bus", "the Python original", 1.0 / 40.0),
        None => println!("k: the Python original is not there, or Python is not; its row is left out"),
    }
    vec![group]
}

fn recording() -> Option<Vec<String>> {
    let packed = std::fs::File::open(shared().join("data/hive-session.jsonl.gz")).ok()?;
    let text = std::io::read_to_string(GzDecoder::new(packed)).ok()?;
    Some(text.lines().map(str::to_owned).collect())
}

fn handled(lines: &[String]) -> u64 {
    let is_handled =
        |line: &&String| HANDLED.iter().any(|kind| line.starts_with(&format!("{{\"type\": \"{kind}\"")));
    lines.iter().filter(is_handled).count() as u64
}

fn ours(lines: Rc<Vec<String>>) -> Side {
    let (runtime, bus, counter, read) = (runtime(), bus(HISTORY), Counter::default(), Counter::default());
    let entered = runtime.enter();
    handle::<LlmTextDelta>(&bus, &counter);
    handle::<ToolCallStarted>(&bus, &counter);
    handle::<ToolCallCompleted>(&bus, &counter);
    handle::<NodeLoopStarted>(&bus, &counter);
    handle::<NodeLoopIteration>(&bus, &counter);
    handle::<OutputKeySet>(&bus, &counter);
    handle::<JudgeVerdict>(&bus, &counter);
    handle::<EdgeTraversed>(&bus, &counter);
    for _ in 0..STREAMS {
        let (mut stream, read) = (bus.subscribe_any().into_stream(), read.clone());
        runtime.spawn(async move {
            while stream.recv().await.is_some() {
                read.add();
            }
        });
    }
    drop(entered);
    let mut written = Written::default();
    Side::new("bus", move |times| {
        for _ in 0..times {
            let before = (counter.get(), read.get());
            let out = written.begin();
            runtime.block_on(async {
                let mut reader = bus.reader();
                for (at, line) in lines.iter().enumerate() {
                    let event = reader.read(line).expect("the recording is in order");
                    event.write_json(out).expect("it was read");
                    out.push(b'\n');
                    let receipt = bus.republish(event).await;
                    assert!(receipt.is_ok());
                    if at % TURN == 0 {
                        tokio::task::yield_now().await;
                    }
                }
                read.reaches(before.1 + STREAMS * lines.len() as u64).await;
            });
            written.assert_all(&lines);
            counter.assert_added(before.0, handled(&lines));
            read.assert_added(before.1, STREAMS * lines.len() as u64);
        }
    })
}

/// The output of a pass, in the same memory each time, like that of a writer to a file.
#[derive(Default)]
struct Written {
    out: Vec<u8>,
    /// The output of the first pass, which was checked line by line.
    length: Option<usize>,
}

impl Written {
    fn begin(&mut self) -> &mut Vec<u8> {
        self.out.clear();
        &mut self.out
    }

    /// The output is complete: the first pass is read again and compared with its input, the others
    /// must have the same length.
    fn assert_all(&mut self, lines: &[String]) {
        let length = *self.length.get_or_insert_with(|| {
            let text = std::str::from_utf8(&self.out).expect("JSON is text");
            assert_eq!(text.lines().count(), lines.len());
            text.lines().zip(lines).for_each(|(written, read)| assert_same(written, read));
            text.len()
        });
        assert_eq!(black_box(&self.out).len(), length);
    }
}

/// Every key of the input is in the output with its value; a time gets its zone, and null may be
/// left out.
fn assert_same(written: &str, read: &str) {
    let value = |line| serde_json::from_str::<Value>(line).expect("it is JSON");
    let (written, read) = (value(written), value(read));
    for (key, value) in read.as_object().expect("an event is an object") {
        match (key.as_str(), value, &written[key]) {
            ("timestamp", Value::String(value), Value::String(written)) => {
                assert!(written.starts_with(value))
            }
            (_, value, written) => assert_eq!(value, written),
        }
    }
}

fn handle<P: EventSet>(bus: &EventBus, counter: &Counter) {
    let counter = counter.clone();
    let handler = move |_: Event<P>| {
        let counter = counter.clone();
        async move { counter.add() }
    };
    bus.subscribe::<P>().handle(handler).detach();
}
