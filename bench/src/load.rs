//! The work that is the same for every side: a new payload of 200 bytes, and subscribers that
//! count.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bus_core::{AgentEvent, EventBus};

/// The events of the benchmarks.
#[derive(AgentEvent)]
pub(crate) enum Load {
    /// A text was received.
    Said {
        /// 200 bytes.
        text: String,
    },
    /// A payload without an allocation of its own.
    Ticked {
        /// Its number.
        count: u64,
    },
}

const TEXT: &str = match std::str::from_utf8(&[b'x'; 200]) {
    Ok(text) => text,
    Err(_) => "",
};

/// 200 bytes, newly allocated.
pub(crate) fn text() -> String {
    black_box(TEXT).to_owned()
}

/// The payload of a peer: the same 200 bytes.
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "peers"), expect(dead_code, reason = "the peers read it"))]
pub(crate) struct Plain {
    pub(crate) text: String,
}

impl Plain {
    pub(crate) fn new() -> Self {
        Self { text: text() }
    }
}

/// The counter of all subscribers.
#[derive(Clone, Default)]
pub(crate) struct Counter(Arc<AtomicU64>);

impl Counter {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Asserts that no event was lost and none came twice.
    #[track_caller]
    pub(crate) fn assert_added(&self, before: u64, added: u64) {
        assert_eq!(self.get() - before, added, "events were lost, or delivered twice");
    }

    /// Runs other tasks of the runtime until this number has been counted.
    pub(crate) async fn reaches(&self, count: u64) {
        while self.get() < count {
            tokio::task::yield_now().await;
        }
    }
}

/// A bus with the default history, or with none.
pub(crate) fn bus(history: usize) -> EventBus {
    // The number of events is the bound, not their bytes.
    let builder = EventBus::builder().history_bytes(usize::MAX);
    let built = builder.history(history).transient_history(history).build();
    built.expect("the settings are in order")
}

/// The default history of a bus.
pub(crate) const HISTORY: usize = 1_000;

/// A runtime on the caller's thread.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts")
}

/// A runtime with this many threads of its own.
pub(crate) fn runtime_of(threads: usize) -> tokio::runtime::Runtime {
    if threads == 1 {
        return runtime();
    }
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(threads).enable_all().build().expect("a runtime starts")
}
