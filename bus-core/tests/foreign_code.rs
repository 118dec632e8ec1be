//! User code never runs under a lock of the bus, and none of its panics escapes: handlers, filters,
//! payloads, errors, callbacks, wakers.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::fmt;
use std::future::Future;
use std::panic::panic_any;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use bus_core::{AgentEvent, BoxError, Event, EventBus, Outcome, Overflow};
use common::{ON_PURPOSE, trial};

/// A field with an action that runs when the last handle of the event is dropped.
#[derive(Clone, Debug)]
struct Trap(Option<Arc<Drops>>);

impl serde::Serialize for Trap {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(self.0.is_some())
    }
}

impl<'de> serde::Deserialize<'de> for Trap {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bool::deserialize(deserializer).map(|_| Self(None))
    }
}

#[derive(Clone)]
enum Then {
    Panic,
    Ask(EventBus),
    Send(EventBus),
}

struct Drops(Then);

impl fmt::Debug for Drops {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("debug {ON_PURPOSE}")
    }
}

impl Drop for Drops {
    fn drop(&mut self) {
        match &self.0 {
            Then::Panic => panic!("drop {ON_PURPOSE}"),
            Then::Ask(bus) => drop((bus.stats(), bus.history().collect())),
            Then::Send(bus) => drop(bus.stream("drop").emit_tick(0_u64).send()),
        }
    }
}

fn trap(then: Then) -> Trap {
    Trap(Some(Arc::new(Drops(then))))
}

#[derive(AgentEvent)]
enum Foreign {
    Trapped { trap: Trap },
    Tick { n: u64 },
}

/// Drops an event on every path of the bus that drops events.
async fn drop_everywhere(bus: EventBus, then: impl Fn() -> Then) {
    let desk = bus.stream("desk");
    // Evicted from history.
    for _ in 0..3 {
        desk.emit_trapped(trap(then())).await;
    }
    // Overflowed, then left in the queue of a stream that is dropped.
    let stream = bus.subscribe::<Trapped>().capacity(3).into_stream().with_gaps();
    for _ in 0..5 {
        desk.emit_trapped(trap(then())).await;
    }
    drop(stream);
    // The last reference is a handler's.
    let sync = bus.subscribe::<Trapped>().handle_sync(|_| {});
    let own = bus.subscribe::<Trapped>().handle(async |_: Event<Trapped>| tokio::task::yield_now().await);
    desk.emit_trapped(trap(then())).await;
    desk.emit_trapped(trap(then())).send().finished().await;
    drop((sync, own));
    for n in 0..2 {
        desk.emit_tick(n).await;
    }
}

#[test]
fn payloads_that_panic_when_dropped_harm_no_other_code() {
    trial().with(|bus| bus.history(1)).run(async |bus, _| {
        drop_everywhere(bus.clone(), || Then::Panic).await;
        assert!(bus.stream("desk").emit_tick(1_u64).await.is_ok());
    });
}

#[test]
fn payloads_that_panic_when_dropped_without_subscribers_harm_no_publisher() {
    trial().with(|bus| bus.history(0)).run(async |bus, _| {
        let desk = bus.stream("desk");
        assert!(desk.emit_trapped(trap(Then::Panic)).await.is_ok());
        let guard = bus.subscribe::<Tick>().handle_sync(|_| {});
        assert!(desk.emit_trapped(trap(Then::Panic)).await.is_ok());
        bus.close(Duration::ZERO).await;
        assert!(desk.emit_trapped(trap(Then::Panic)).await.refused().is_some());
        drop(guard);
        assert!(desk.emit_trapped(trap(Then::Panic)).await.refused().is_some());
        let reserved = desk.attribute("type", "x").emit_trapped(trap(Then::Panic)).await;
        assert!(reserved.refused().is_some());
    });
}

#[test]
fn payloads_that_query_or_publish_when_dropped_find_the_bus_unlocked() {
    trial().with(|bus| bus.history(1)).run(async |bus, _| {
        drop_everywhere(bus.clone(), || Then::Ask(bus.clone())).await;
        drop_everywhere(bus.clone(), || Then::Send(bus.clone())).await;
        assert!(bus.stream("desk").emit_tick(1_u64).await.is_ok());
    });
}

#[test]
fn a_bus_that_is_dropped_drops_panicking_payloads() {
    common::watch(None, |_| {
        let bus = EventBus::new();
        let mut stream = bus.subscribe::<Trapped>().into_stream().with_gaps();
        for _ in 0..3 {
            drop(bus.stream("desk").emit_trapped(trap(Then::Panic)).send());
        }
        drop(bus);
        // The stream takes over its unread events, and drops those that it never reads.
        std::mem::forget(stream.try_recv());
        drop(stream);
        let bus = EventBus::new();
        for _ in 0..3 {
            drop(bus.stream("desk").emit_trapped(trap(Then::Panic)).send());
        }
        drop(bus);
    });
}

#[test]
fn filters_that_panic_or_query_run_outside_the_lock() {
    trial().run(async |bus, _| {
        let asked = bus.clone();
        let _panics =
            bus.subscribe::<Tick>().name("panics").filter(|_| panic!("{ON_PURPOSE}")).handle_sync(|_| {});
        let _asks = bus
            .subscribe::<Tick>()
            .filter(move |event| asked.stats().published_total < 100 && event.n > 0)
            .handle_sync(|_| {});
        let receipt = bus.stream("desk").emit_tick(1_u64).await;
        assert_eq!((receipt.reached(), receipt.handled(), receipt.is_ok()), (1, 1, true));
        assert_eq!(bus.stats().subscription("panics").unwrap().counts.matched, 0);
    });
}

/// A panic whose own payload panics when it is dropped.
struct Nasty;

impl Drop for Nasty {
    fn drop(&mut self) {
        panic!("drop of a panic {ON_PURPOSE}");
    }
}

/// An error that panics when it is displayed, and again when it is dropped.
#[derive(Debug)]
struct BadError {
    show: bool,
}

impl fmt::Display for BadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        assert!(!self.show, "display {ON_PURPOSE}");
        f.write_str("bad")
    }
}

impl std::error::Error for BadError {}

impl Drop for BadError {
    fn drop(&mut self) {
        panic!("drop of an error {ON_PURPOSE}");
    }
}

#[test]
fn panics_and_errors_that_panic_again_stay_inside() {
    trial().run(async |bus, _| {
        let _nasty = bus.subscribe::<Tick>().name("nasty").handle_sync(|_| -> () { panic_any(Nasty) });
        let _nasty_too = bus.subscribe::<Tick>().handle(async |_: Event<Tick>| -> () { panic_any(Nasty) });
        for show in [true, false] {
            bus.subscribe::<Tick>()
                .handle_sync(move |_| Err::<(), BoxError>(BadError { show }.into()))
                .detach();
        }
        let receipt = bus.stream("desk").emit_tick(1_u64).await;
        let outcomes: Vec<_> = receipt.problems().iter().map(|problem| problem.outcome().clone()).collect();
        assert_eq!(outcomes.len(), 4);
        assert!(outcomes.contains(&Outcome::Failed("bad".into())));
        assert!(outcomes.contains(&Outcome::Panicked(format!("display {ON_PURPOSE}"))));
    });
}

#[test]
fn futures_that_panic_when_dropped_are_timed_out_all_the_same() {
    struct Loud;
    impl Drop for Loud {
        fn drop(&mut self) {
            panic!("{ON_PURPOSE}");
        }
    }
    trial().paused().run(async |bus, _| {
        let _guard =
            bus.subscribe::<Tick>().timeout(Duration::from_secs(1)).handle(async |_: Event<Tick>| {
                let _loud = Loud;
                std::future::pending::<()>().await;
            });
        for _ in 0..2 {
            let receipt = bus.stream("desk").emit_tick(1_u64).await;
            assert_eq!(*receipt.problems()[0].outcome(), Outcome::TimedOut);
        }
    });
}

/// A waker that calls the bus when it is woken, and panics if configured to.
struct Busy(EventBus, bool, AtomicUsize);

impl Wake for Busy {
    fn wake(self: Arc<Self>) {
        self.2.fetch_add(1, Ordering::SeqCst);
        drop(self.0.stats());
        assert!(!self.1, "waker {ON_PURPOSE}");
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        drop(self.0.stats());
    }
}

#[test]
fn wakers_run_outside_the_lock_and_a_panicking_one_does_not_stop_the_others() {
    trial().run(async |bus, _| {
        let wakers: Vec<_> =
            (0..4).map(|n| Arc::new(Busy(bus.clone(), n % 2 == 0, AtomicUsize::new(0)))).collect();
        let mut waits: Vec<_> = wakers.iter().map(|_| Box::pin(bus.wait_for::<Tick>())).collect();
        for (wait, waker) in waits.iter_mut().zip(&wakers) {
            let waker = Waker::from(Arc::clone(waker));
            assert!(wait.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        }
        assert!(bus.stream("desk").emit_tick(1_u64).await.is_ok());
        assert!(wakers.iter().all(|waker| waker.2.load(Ordering::SeqCst) == 1));
        for mut wait in waits {
            assert!(matches!(common::poll_once(wait.as_mut()), Poll::Ready(Ok(_))));
        }
    });
}

#[test]
fn a_handler_that_never_began_is_dropped_outside_the_lock() {
    struct Asks(EventBus);
    impl Drop for Asks {
        fn drop(&mut self) {
            drop(self.0.stats());
        }
    }
    trial().run(async |bus, _| {
        let desk = bus.stream("desk");
        let first = desk.emit_tick(1_u64).await.id().unwrap();
        desk.emit_tick(2_u64).await;
        // During the replay an event arrives and the bus is closed: the subscription ends before it
        // began.
        let (closer, once) = (bus.clone(), OnceLock::new());
        let asks = Asks(bus.clone());
        let guard = bus
            .subscribe::<Tick>()
            .since(first)
            .filter(move |_| {
                if once.set(()).is_ok() {
                    drop(closer.stream("desk").emit_tick(3_u64).send());
                    drop(common::poll_once(closer.close(Duration::ZERO)));
                }
                true
            })
            .handle_sync(move |_| drop(asks.0.stats()));
        drop(guard);
        assert_eq!(bus.stats().ended.dropped, 1);
    });
}

#[test]
fn a_lag_callback_may_publish_to_its_own_full_queue() {
    trial().run(async |bus, steps| {
        let (desk, lagged) = (bus.stream("desk"), common::Notes::<u64>::new());
        let seen = common::Notes::<u64>::new();
        let (inner, notes, handled) = (desk.clone(), lagged.clone(), seen.clone());
        let _guard = bus
            .subscribe::<Tick>()
            .name("small")
            .capacity(1)
            .hard_limit(3)
            .overflow(Overflow::Wait)
            .on_lag({
                let desk = desk.clone();
                move |lagged| {
                    notes.add(lagged.missed.unwrap());
                    drop(desk.emit_tick(9_u64).send());
                }
            })
            .handle_sync(move |event| {
                // Two of the first five do not fit; the others come after the gap.
                let more: &[u64] = match event.n {
                    0 => &[1, 2, 3, 4, 5],
                    1 => &[20],
                    2 => &[21],
                    3 => &[22],
                    _ => &[],
                };
                for n in more {
                    drop(inner.emit_tick(*n).send());
                }
                handled.add(event.n);
            });
        steps.at("send");
        drop(desk.emit_tick(0_u64).send());
        assert_eq!(lagged.all(), [2]);
        assert_eq!(seen.all(), [0, 1, 2, 3, 20, 21, 22, 9]);
    });
}

#[test]
fn a_thread_that_ends_may_publish_from_its_thread_locals() {
    struct Farewell(EventBus);
    impl Drop for Farewell {
        fn drop(&mut self) {
            drop(self.0.stream("thread").emit_tick(7_u64).send());
        }
    }
    thread_local! {
        static FAREWELL: OnceLock<Farewell> = const { OnceLock::new() };
    }
    trial().run(async |bus, _| {
        let seen = common::Notes::<u64>::new();
        let notes = seen.clone();
        let _sync = bus.subscribe::<Tick>().handle_sync(move |event| notes.add(event.n));
        let _own = bus.subscribe::<Tick>().handle(async |_: Event<Tick>| {});
        let other = bus.clone();
        // The thread's own local is older than those of the bus, so it is dropped after them.
        std::thread::spawn(move || {
            FAREWELL.with(|farewell| farewell.set(Farewell(other.clone())).is_ok());
            drop(other.stream("thread").emit_tick(1_u64).send());
        })
        .join()
        .unwrap();
        assert_eq!(seen.all(), [1, 7]);
    });
}
