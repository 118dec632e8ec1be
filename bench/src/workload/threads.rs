//! (f) Two publishing threads against one: with work of their own for each publish, and with none.
//!
//! Each side is measured a second time under another name: how far the two differ is the noise of
//! the machine.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use bus_core::Event;

use super::streams::counted as plural;
use super::window::{Publish, publish_together};
use crate::load::LoadEmit;
use crate::load::{Counter, HISTORY, Said, bus, text};
use crate::measure::{Group, Side};

/// How long the threads publish for one number: long against the time for which the system lets one
/// thread run.
const LENGTH: Duration = Duration::from_millis(20);

/// How long for a share of each thread: a thread that waits for its turn may wait for some
/// milliseconds.
const SHARE_LENGTH: Duration = Duration::from_millis(100);

pub(crate) fn groups() -> Vec<Group> {
    let times =
        [(true, 1), (false, 1), (false, 8), (false, 64)].map(|(works, handlers)| time(works, handlers));
    times.into_iter().chain([1, 8, 64].map(share)).collect()
}

fn time(works: bool, handlers: usize) -> Group {
    let (word, how) = if works {
        ("work", "2.5 µs of work of their own for each")
    } else {
        ("bare", "no work of their own")
    };
    let (id, title) = match handlers {
        1 => (format!("f/{word}"), format!("publishing threads, {how}")),
        _ => (format!("f/{word}/{handlers}"), format!("publishing threads to {handlers} handlers, {how}")),
    };
    let at_most = if works { 1.0 / 1.5 } else { 1.0 / 0.4 };
    let side = |name: &str, threads: usize, publish: Publish| {
        let publish = if works { with_work(publish) } else { publish };
        Side::number(name, move |_| publish_together(threads, LENGTH, &publish).nanoseconds())
    };
    Group::new(id, title, "event, time that passes")
        .side(side("1 thread", 1, ours(handlers)))
        .side(side("1 thread, again", 1, ours(handlers)))
        .side(side("2 threads", 2, ours(handlers)))
        .side(side("2 threads, again", 2, ours(handlers)))
        .side(side("1 thread, an atomic counter", 1, counted()))
        .side(side("2 threads, an atomic counter", 2, counted()))
        .windows()
        .target("2 threads", "1 thread", at_most)
}

fn share(handlers: usize) -> Group {
    let title = format!("shares of two threads that publish to {}", plural(handlers, "handler"));
    let side = |name: &str, publish: Publish| {
        Side::number(name, move |_| publish_together(2, SHARE_LENGTH, &publish).share())
    };
    Group::new(format!("f/share/{handlers}"), title, "times as many events by one thread as by the other")
        .side(side("2 threads", ours(handlers)))
        .side(side("2 threads, again", ours(handlers)))
        .side(side("2 threads, an atomic counter", counted()))
        .plain()
        .fixed(1)
        .limit("2 threads", 1.5)
}

/// A bus with this many handlers, each of which asserts the order.
fn ours(handlers: usize) -> Publish {
    let (bus, counter) = (bus(HISTORY), Counter::default());
    for _ in 0..handlers {
        let (mut last, counter) = (0, counter.clone());
        let in_order = move |event: &Event<Said>| {
            assert!(event.seq() > last, "out of order");
            last = event.seq();
            counter.add();
        };
        bus.subscribe::<Said>().handle_sync(in_order).detach();
    }
    let emitter = bus.stream("desk").execution("exec-1").node("planner");
    Arc::new(move || drop(emitter.emit_said(text()).send()))
}

fn counted() -> Publish {
    let counter = AtomicU64::new(0);
    Arc::new(move || {
        counter.fetch_add(1, Ordering::Relaxed);
    })
}

fn with_work(publish: Publish) -> Publish {
    Arc::new(move || {
        work();
        publish();
    })
}

/// 2.5 µs of work that shares no memory with other threads.
fn work() {
    static STEPS: LazyLock<u64> = LazyLock::new(|| {
        let steps = 1_000_000;
        let begun = Instant::now();
        calculate(steps);
        (steps as f64 * 2.5e-6 / begun.elapsed().as_secs_f64()) as u64
    });
    calculate(*STEPS);
}

fn calculate(steps: u64) {
    let mut state = 1_u64;
    for _ in 0..steps {
        state = black_box(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
    }
}
