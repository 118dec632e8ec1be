//! (f) Two publishing threads against one: with work of their own for each publish, and with none.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier, LazyLock};
use std::time::{Duration, Instant};

use bus_core::Event;

use crate::load::LoadEmit;
use crate::load::{Counter, HISTORY, Said, bus, text};
use crate::measure::{Group, Side};

pub(crate) fn groups() -> Vec<Group> {
    [(true, 1), (false, 1), (false, 8), (false, 64)].map(|(works, handlers)| group(works, handlers)).into()
}

fn group(works: bool, handlers: usize) -> Group {
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
    let side = |name: &str, threads, publish: Arc<dyn Fn() + Send + Sync>| {
        Side::timed(name, move |times| race(threads, times, works, &publish))
    };
    Group::new(id, title, "event, time that passes")
        .side(side("1 thread", 1, ours(handlers)))
        .side(side("2 threads", 2, ours(handlers)))
        .side(side("1 thread, an atomic counter", 1, counted()))
        .side(side("2 threads, an atomic counter", 2, counted()))
        .target("2 threads", "1 thread", at_most)
}

/// A bus with so many handlers, each of which asserts the order.
fn ours(handlers: usize) -> Arc<dyn Fn() + Send + Sync> {
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
    let desk = bus.stream("desk").execution("exec-1").node("planner");
    Arc::new(move || drop(desk.emit_said(text()).send()))
}

fn counted() -> Arc<dyn Fn() + Send + Sync> {
    let counter = AtomicU64::new(0);
    Arc::new(move || {
        counter.fetch_add(1, Ordering::Relaxed);
    })
}

/// What passes until so many threads have published that many events between them.
fn race(threads: u64, times: u64, works: bool, publish: &Arc<dyn Fn() + Send + Sync>) -> Duration {
    let begin = Barrier::new(threads as usize + 1);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                begin.wait();
                for _ in 0..times.div_ceil(threads) {
                    if works {
                        work();
                    }
                    publish();
                }
            });
        }
        begin.wait();
        Instant::now()
    })
    .elapsed()
}

/// 2.5 µs of work that shares nothing with anybody.
fn work() {
    static TURNS: LazyLock<u64> = LazyLock::new(|| {
        let turns = 1_000_000;
        let begun = Instant::now();
        turn(turns);
        (turns as f64 * 2.5e-6 / begun.elapsed().as_secs_f64()) as u64
    });
    turn(*TURNS);
}

fn turn(times: u64) {
    let mut state = 1_u64;
    for _ in 0..times {
        state = black_box(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
    }
}
