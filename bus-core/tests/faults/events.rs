//! The events of these tests, and what several of them need.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bus_core::{AgentEvent, AnyEvent};

pub(crate) use crate::common::wait_until_idle;

#[derive(AgentEvent)]
pub(crate) enum Faults {
    Ping {
        n: u64,
    },
    Pong {
        n: u64,
    },
    Pang {
        n: u64,
    },
    #[event(coalesce)]
    Pulse {
        n: u64,
    },
    #[event(ends_with(Closed, by(n)))]
    Opened {
        n: u64,
    },
    Closed {
        n: u64,
    },
    Said {
        text: String,
    },
}

/// The number that an event carries.
pub(crate) fn number(event: &AnyEvent) -> u64 {
    let first = event.payload::<Ping>().map(|payload| payload.n);
    let second = || event.payload::<Pong>().map(|payload| payload.n);
    let third = || event.payload::<Pang>().map(|payload| payload.n);
    first.or_else(second).or_else(third).unwrap()
}

/// Works for that long, as a handler that computes.
pub(crate) fn compute(time: Duration) {
    let began = Instant::now();
    while began.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// Calls of a callback that publishes, which calls it again.
#[derive(Clone, Default)]
pub(crate) struct Calls(Arc<(AtomicU64, AtomicUsize)>);

/// After this many calls a callback of these tests publishes no more, so that each chain ends.
pub(crate) const ENDLESS: u64 = 2_000;

/// How deep callbacks and handlers may be nested on one stack, and one more for the first publish.
const NESTING: usize = 9;

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

impl Calls {
    /// Does the work of one call.
    pub(crate) fn call(&self, work: impl FnOnce()) {
        struct Deeper;
        impl Drop for Deeper {
            fn drop(&mut self) {
                DEPTH.set(DEPTH.get() - 1);
            }
        }
        let calls = self.0.0.fetch_add(1, Ordering::SeqCst);
        self.0.1.fetch_max(DEPTH.get() + 1, Ordering::SeqCst);
        DEPTH.set(DEPTH.get() + 1);
        let _deeper = Deeper;
        if calls < ENDLESS {
            work();
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.0.load(Ordering::SeqCst)
    }

    #[track_caller]
    pub(crate) fn assert_at_most(&self, most: u64, what: &str) {
        let calls = self.count();
        let endless = if calls > ENDLESS { ", and the test stopped it there" } else { "" };
        assert!(calls <= most, "{what}: called {calls} times{endless}; at most {most} were expected");
    }

    #[track_caller]
    pub(crate) fn assert_not_nested(&self, what: &str) {
        let deepest = self.0.1.load(Ordering::SeqCst);
        assert!(deepest <= NESTING, "{what}: {deepest} calls inside each other on one stack");
    }
}
