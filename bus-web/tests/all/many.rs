//! Many readers, and readers that do not read.

use std::sync::atomic::{AtomicUsize, Ordering};

use bus_core::{AgentEvent, EventBus};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;

use super::client::{get, serve};

static WRITTEN: AtomicUsize = AtomicUsize::new(0);

/// Counts how often it is written as JSON.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Counted(u32);

impl Serialize for Counted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        WRITTEN.fetch_add(1, Ordering::Relaxed);
        serializer.serialize_u32(self.0)
    }
}

#[derive(AgentEvent)]
#[events(crate = bus_core)]
pub(crate) enum CountedEvents {
    Counting { number: Counted },
}

#[tokio::test]
async fn an_event_is_written_once_for_all_readers() {
    let bus = EventBus::new();
    let server = serve(&bus).await;
    let mut readers = Vec::new();
    for _ in 0..20 {
        let mut reader = get(server.address(), "/events?kind=counting").await;
        reader.until("live").await;
        readers.push(reader);
    }
    let before = WRITTEN.load(Ordering::Relaxed);
    for number in 0..5 {
        bus.stream("desk").emit_counting(Counted(number)).await;
    }
    for reader in &mut readers {
        for number in 0..5 {
            assert_eq!(reader.frame().await.unwrap().json()["data"]["number"], number);
        }
    }
    assert_eq!(WRITTEN.load(Ordering::Relaxed) - before, 5);
}

#[tokio::test]
async fn a_reader_that_never_reads_is_bounded_and_told() {
    let bus = EventBus::new();
    let server = serve(&bus).await;
    let mut stream = get(server.address(), "/events").await;
    stream.until("live").await;
    let text = "x".repeat(10_000);
    // More than the buffers of both sockets and the queue hold.
    for n in 0..4_000 {
        bus.stream("desk").emit_dynamic("step", json!({ "n": n, "text": text })).await;
        tokio::task::yield_now().await;
    }
    let waiting = bus.stats().subscription("bus-web").unwrap().waiting;
    assert!(waiting <= 1_024, "{waiting}");
    let (mut next, mut missed) = (0, 0);
    while next < 4_000 {
        let frame = stream.frame().await.unwrap();
        if frame.event == "gap" {
            missed += frame.json()["missed"].as_u64().unwrap();
            next += frame.json()["missed"].as_u64().unwrap();
        } else {
            assert_eq!(frame.json()["data"]["n"], next);
            next += 1;
        }
    }
    assert!(missed > 0, "the test is too small for the buffers of this system");
}

/// As many as the limit of open files allows, of which each needs two; 1,000 at most.
fn most_readers() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find(|line| line.starts_with("Max open files"));
    let limit = line.and_then(|line| line.split_whitespace().nth(3)?.parse().ok()).unwrap_or(256);
    (usize::saturating_sub(limit, 100) / 2).min(1_000)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_readers_get_every_event() {
    let bus = EventBus::new();
    let server = serve(&bus).await;
    let address = server.address();
    let mut readers = tokio::task::JoinSet::new();
    let count = most_readers();
    let (ready, mut are_ready) = tokio::sync::mpsc::channel(count);
    for _ in 0..count {
        let ready = ready.clone();
        readers.spawn(async move {
            let mut reader = get(address, "/events").await;
            reader.until("live").await;
            ready.send(()).await.unwrap();
            let mut seen = Vec::new();
            while seen.len() < 50 {
                let frame = reader.frame().await.unwrap();
                assert_eq!(frame.event, "");
                seen.push(frame.json()["data"]["n"].as_u64().unwrap());
            }
            assert!(seen.iter().copied().eq(0..50), "{seen:?}");
        });
    }
    for _ in 0..count {
        are_ready.recv().await.unwrap();
    }
    for n in 0..50 {
        bus.stream("desk").emit_dynamic("step", json!({ "n": n })).await;
    }
    while let Some(done) = readers.join_next().await {
        done.unwrap();
    }
}
