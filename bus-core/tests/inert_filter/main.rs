//! A subscription whose filter passes nothing changes nothing: programs of every kind run without
//! it and with it, and everything that a user can see must be the same, in the same order.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../common/mod.rs"]
mod common;
mod world;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use bus_core::{AnyEvent, Event, EventBus, EventsAndGaps};
use common::{Notes, ON_PURPOSE, settle};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use world::{K0, KINDS, Ways, World, shown, shown_receipt};

/// An action from outside of handlers.
#[derive(Debug, Clone, Copy)]
enum Op {
    Publish {
        kind: u64,
        awaited: bool,
    },
    Republish {
        kind: u64,
    },
    Handle {
        kind: u64,
        sort: u64,
    },
    /// A handler for each kind that publishes the next one.
    Deep,
    Drop {
        at: usize,
    },
    Stream {
        kind: u64,
        capacity: usize,
    },
    Read {
        at: usize,
        most: usize,
    },
    Leave {
        at: usize,
    },
    Look,
    Close,
}

fn op() -> impl Strategy<Value = Op> {
    let kind = || 0..KINDS;
    prop_oneof![
        24 => (kind(), any::<bool>()).prop_map(|(kind, awaited)| Op::Publish { kind, awaited }),
        4 => kind().prop_map(|kind| Op::Republish { kind }),
        12 => (kind(), 0..12_u64).prop_map(|(kind, sort)| Op::Handle { kind, sort }),
        1 => Just(Op::Deep),
        4 => any::<usize>().prop_map(|at| Op::Drop { at }),
        6 => (kind(), 1..4_usize).prop_map(|(kind, capacity)| Op::Stream { kind, capacity }),
        8 => (any::<usize>(), 1..4_usize).prop_map(|(at, most)| Op::Read { at, most }),
        2 => any::<usize>().prop_map(|at| Op::Leave { at }),
        4 => Just(Op::Look),
        1 => Just(Op::Close),
    ]
}

/// A stream, with a waker that records when it is woken.
struct Reading(Option<EventsAndGaps>, Waker);

struct WakeNote(Weak<World>, usize);

impl Wake for WakeNote {
    fn wake(self: Arc<Self>) {
        let Some(world) = self.0.upgrade() else { return };
        world.notes.add(format!("stream {} is woken", self.1));
    }
}

impl Reading {
    fn read(&mut self, world: &World, most: usize) {
        let Some(stream) = &mut self.0 else { return };
        for _ in 0..most {
            let mut next = std::pin::pin!(stream.recv());
            let next = next.as_mut().poll(&mut Context::from_waker(&self.1));
            let read = match &next {
                Poll::Ready(Some(Ok(event))) => format!("reads {}", event.seq()),
                Poll::Ready(Some(Err(lagged))) => format!("{lagged}: {:?}", lagged.cause),
                Poll::Ready(None) => "end".to_owned(),
                Poll::Pending => "waits".to_owned(),
            };
            world.notes.add(read);
            // It may be the last handle of the event, and then the reader gets its panic.
            drop(catch_unwind(AssertUnwindSafe(|| drop(next))));
        }
    }
}

async fn act(world: &Arc<World>, streams: &mut Vec<Reading>, elsewhere: &EventBus, n: u64, op: Op) {
    match op {
        Op::Publish { kind, awaited } => world.publish(kind, n, awaited),
        Op::Republish { kind } => {
            let read = format!(
                r#"{{"type":"k{kind}","stream_id":"far","data":{{"n":{n},"trap":null}},"timestamp":"2026-01-02T03:04:05+00:00","id":"{:016x}-{n}"}}"#,
                7
            );
            let event = elsewhere.read_json(&read);
            let receipt = world.bus.republish(event.unwrap()).send();
            world.notes.add(shown_receipt(receipt.receipt()));
        }
        Op::Handle { kind, sort } if !world.closed.load(Ordering::SeqCst) => world.handle(kind, sort),
        Op::Deep if !world.closed.load(Ordering::SeqCst) => (0..9).for_each(|kind| world.handle(kind, 3)),
        Op::Handle { .. } | Op::Deep => {}
        Op::Drop { at } => {
            let mut guards = world.guards.lock().unwrap();
            let at = at.checked_rem(guards.len()).map(|at| guards.swap_remove(at));
            drop(guards);
            drop(at);
        }
        Op::Stream { kind, capacity } => {
            let any = world.bus.subscribe_any().capacity(capacity);
            let stream = if kind < 7 {
                any.kinds([format!("k{kind}")]).into_stream().with_gaps()
            } else {
                any.into_stream().with_gaps()
            };
            let waker = Waker::from(Arc::new(WakeNote(Arc::downgrade(world), streams.len())));
            streams.push(Reading(Some(stream), waker));
        }
        Op::Read { at, most } => {
            if let Some(at) = at.checked_rem(streams.len()) {
                streams[at].read(world, most);
            }
        }
        Op::Leave { at } => {
            if let Some(at) = at.checked_rem(streams.len()) {
                streams[at].0 = None;
            }
        }
        Op::Look => world.notes.add(format!("{} {}", shown(&world.bus.stats()), world.past())),
        Op::Close => {
            if n > 40 {
                world.closed.store(true, Ordering::SeqCst);
                let report = world.bus.close(Duration::from_secs(1)).await;
                world.notes.add(format!("{report}"));
            }
        }
    }
    settle().await;
}

/// All observations of a run.
fn run(program: &[Op], kept: [usize; 2], rejects: bool) -> Vec<String> {
    let (program, notes) = (program.to_vec(), Notes::new());
    let seen = notes.clone();
    common::watch(None, move |_| {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().start_paused(true).build().unwrap().block_on(go(&program, kept, rejects, notes));
    });
    seen.all()
}

async fn go(program: &[Op], [history, transient]: [usize; 2], rejects: bool, notes: Notes) {
    let bus = EventBus::builder().events::<Ways>().history(history).transient_history(transient);
    let bus = bus.slow_after(Duration::ZERO).build().unwrap();
    let beside = EventBus::builder().slow_after(Duration::ZERO).build().unwrap();
    let sends = bus.subscribe_any().filter(|_| false).name("rejects all").handle_sync(|_: &AnyEvent| {});
    if rejects {
        sends.detach();
    } else {
        drop(sends);
    }
    let (guards, count, closed) = (Mutex::new(Vec::new()), Mutex::new(200), AtomicBool::default());
    let world = Arc::new(World { bus, beside, notes, guards, count, closed });
    let back = Arc::downgrade(&world);
    let answer = move |event: &Event<K0>| {
        back.upgrade().into_iter().for_each(|world| world.publish(0, event.n + 1_000, false));
    };
    world.beside.subscribe::<K0>().handle_sync(answer).detach();
    let elsewhere = EventBus::builder().events::<Ways>().slow_after(Duration::ZERO).build().unwrap();
    let mut streams = Vec::new();
    for (n, op) in program.iter().enumerate() {
        world.notes.add(format!("{op:?}"));
        act(&world, &mut streams, &elsewhere, n as u64, *op).await;
    }
    world.notes.add(format!("{} {}", shown(&world.bus.stats()), world.past()));
}

#[test]
fn a_filter_that_nothing_passes_changes_nothing() {
    let cases = std::env::var("BUS_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(256);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let few = || prop_oneof![Just(0_usize), Just(1), Just(2), Just(1_000)];
    let programs = (prop::collection::vec(op(), 1..80), [few(), few()]);
    let ended = runner.run(&programs, |(program, kept)| {
        let (without, with) = (run(&program, kept, false), run(&program, kept, true));
        for (at, (without, with)) in without.iter().zip(&with).enumerate() {
            prop_assert_eq!(without, with, "note {}", at);
        }
        prop_assert_eq!(without.len(), with.len());
        Ok(())
    });
    // Panics with that word are not printed.
    ended.unwrap_or_else(|wrong| panic!("{}", wrong.to_string().replace(ON_PURPOSE, "")));
}
