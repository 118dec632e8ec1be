//! A `tracing` subscriber that forwards what the bus logs to the bus, where a handler hangs.

use std::sync::{Mutex, OnceLock, mpsc};
use std::time::Duration;

use bus_core::EventBus;
use serde_json::json;
use tracing::field::{Field, Visit};

use crate::common::log::Each;
use crate::common::{Notes, watch_apart};
use crate::events::{Ping, ping};

static FORWARD: OnceLock<(EventBus, Notes)> = OnceLock::new();

struct Handler(String);

impl Visit for Handler {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "handler" {
            self.0 = format!("{value:?}");
        }
    }
}

/// The thread that names slow handlers is that of the process: one that hangs with a full queue may
/// not take it from all others.
#[test]
fn a_full_queue_of_whoever_reads_the_log_does_not_stop_the_warnings() {
    watch_apart(None, |stand| {
        let slow_after = Duration::from_millis(20);
        let bus = || EventBus::builder().slow_after(slow_after).build().unwrap();
        let (reads, slow, notes) = (bus(), bus(), Notes::new());
        FORWARD.set((reads.clone(), notes.clone())).ok();
        let each = Each(|event: &tracing::Event<'_>| {
            let mut handler = Handler(String::new());
            event.record(&mut handler);
            let (bus, notes) = FORWARD.get().unwrap();
            notes.add(handler.0);
            drop(bus.stream("log").emit_dynamic("log_line", json!({})).send());
        });
        tracing::subscriber::set_global_default(each).unwrap();
        let (go, gone) = mpsc::channel::<()>();
        let gone = Mutex::new(gone);
        let hangs = reads.subscribe_any().name("hangs").capacity(1);
        let _hangs = hangs.handle_sync(move |_| {
            let _ = gone.lock().unwrap().recv();
        });
        let sends = reads.clone();
        let thread = std::thread::spawn(move || ping(&sends, 1));
        while reads.stats().subscriptions[0].running == 0 {
            std::thread::yield_now();
        }
        // On a thread of its own: where the warning came first, its event has filled the queue.
        let sends = reads.clone();
        let second = std::thread::spawn(move || ping(&sends, 2));
        while reads.stats().subscriptions[0].waiting == 0 {
            std::thread::yield_now();
        }
        let wait_for = |name: &str| {
            while !notes.all().iter().any(|line| line == name) {
                std::thread::yield_now();
            }
        };
        stand.at("the warning about the handler that hangs");
        wait_for("hangs");
        let (end, ended) = mpsc::channel::<()>();
        let ended = Mutex::new(ended);
        let guard = slow.subscribe::<Ping>().name("slow");
        let _slow = guard.handle_sync(move |_| {
            let _ = ended.lock().unwrap().recv();
        });
        let sends = slow.clone();
        let other = std::thread::spawn(move || ping(&sends, 1));
        stand.at("the warning about another handler");
        wait_for("slow");
        drop((go, end));
        for thread in [thread, second, other] {
            thread.join().unwrap();
        }
    });
}
