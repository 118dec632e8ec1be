//! (p) More is published than a handler can handle: 32 senders at a full queue, and one send among
//! two threads that never stop publishing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bus_core::Event;

use super::window::{Publish, Window, publish_together};
use crate::load::LoadEmit;
use crate::load::{Ticked, bus};
use crate::measure::{Group, Side};

const SENDERS: usize = 32;

/// How many events may wait for the handler that 32 threads send to.
const CAPACITY: usize = 16;

/// The time of that handler for each event.
const SHORT: Duration = Duration::from_micros(2);

/// How long the 32 threads send for one number.
const LENGTH: Duration = Duration::from_millis(250);

/// The time of the handler of the single send for each event.
const HANDLED: Duration = Duration::from_micros(30);

/// The two threads stop after this time, if the single send has not returned by then.
const FLOOD: Duration = Duration::from_millis(300);

pub(crate) fn groups() -> Vec<Group> {
    let title = format!("{SENDERS} threads to a handler of {SHORT:?} with a capacity of {CAPACITY}");
    let group = |id, unit, number: fn(&Window) -> f64| {
        let publish = ours();
        let side = Side::number("bus", move |_| number(&publish_together(SENDERS, LENGTH, &publish)));
        Group::new(id, title.clone(), unit).side(side).fixed(1)
    };
    vec![
        group("p/time", "event, time that passes", Window::nanoseconds),
        group("p/sleeps", "times that a thread went to sleep for each event", Window::sleeps).plain(),
        group("p/share", "times as many events by the luckiest thread as by the unluckiest", Window::share)
            .plain(),
        lone(),
    ]
}

fn ours() -> Publish {
    let bus = bus(0);
    let mut last = 0;
    let in_order = move |event: &Event<Ticked>| {
        assert!(event.seq() > last, "out of order");
        last = event.seq();
        work(SHORT);
    };
    bus.subscribe::<Ticked>().capacity(CAPACITY).handle_sync(in_order).detach();
    let emitter = bus.stream("bench");
    Arc::new(move || drop(emitter.emit_ticked(0).send()))
}

fn work(length: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < length {
        std::hint::spin_loop();
    }
}

fn lone() -> Group {
    let title = format!("a single send while two threads publish without end, a handler of {HANDLED:?}");
    Group::new("p/lone", title, "times of the handler until the send returns")
        .side(Side::number("bus", |times| (0..times).map(|_| single_send()).sum()))
        .plain()
        .fixed(1)
        .limit("bus", 100.0)
}

/// The send finds the handler idle, and so runs it on its own thread. Inside this first run the two
/// others publish.
fn single_send() -> f64 {
    let bus = bus(0);
    let state = Arc::new(Flood::default());
    let handled = Arc::clone(&state);
    let handler = move |event: &Event<Ticked>| {
        if event.count == 0 {
            handled.open.store(true, Ordering::Release);
            while handled.publishing.load(Ordering::Acquire) < 2 || !handled.queued.load(Ordering::Acquire) {
                std::thread::yield_now();
            }
            *handled.begun.lock().expect("no handler panicked") = Some(Instant::now());
        }
        work(HANDLED);
    };
    bus.subscribe::<Ticked>().handle_sync(handler).detach();
    let emitter = bus.stream("bench");
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let (emitter, state) = (&emitter, &state);
            scope.spawn(move || {
                while !state.open.load(Ordering::Acquire) {
                    std::thread::yield_now();
                }
                let begun = Instant::now();
                state.publishing.fetch_add(1, Ordering::AcqRel);
                while !state.over.load(Ordering::Acquire) && begun.elapsed() < FLOOD {
                    emitter.emit_ticked(1).send();
                    state.queued.store(true, Ordering::Release);
                }
            });
        }
        emitter.emit_ticked(0).send();
        let returned = Instant::now();
        state.over.store(true, Ordering::Release);
        let begun = state.begun.lock().expect("no handler panicked").expect("the handler ran");
        (returned - begun).as_secs_f64() / HANDLED.as_secs_f64()
    })
}

/// The state that the three threads of a single send share.
#[derive(Default)]
struct Flood {
    /// The single send is inside its handler.
    open: AtomicBool,
    /// How many of the two threads publish.
    publishing: AtomicU64,
    /// One of their events waits behind it.
    queued: AtomicBool,
    /// The time when the handler went on after that.
    begun: std::sync::Mutex<Option<Instant>>,
    /// The single send has returned.
    over: AtomicBool,
}
