//! Async handlers, drops and wakers that block their thread, and handlers that block in another
//! bus: the thread leaves to others what they need.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use bus_core::{Event, EventBus, Overflow};
use serde_json::json;
use tokio::task::yield_now;

use crate::common::{block_on, threaded, watch_apart};
use crate::events::{FaultsEmit, Pang, Ping, Pong, wait_until_idle};

/// Does something when it is dropped.
struct OnDrop(Option<Box<dyn FnOnce() + Send>>);

impl OnDrop {
    fn new(work: impl FnOnce() + Send + 'static) -> Self {
        Self(Some(Box::new(work)))
    }
}

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.take().into_iter().for_each(|work| work());
    }
}

#[test]
fn a_handler_that_blocks_in_another_bus_leaves_the_permit_of_its_own() {
    threaded(2).apart().with(|bus| bus.max_concurrent_handlers(1)).run(async |bus, stand| {
        stand.at("async, sync, another bus, and back to an async handler of the first");
        let other = EventBus::new();
        let asked = other.clone();
        let begins = move |_: &Event| drop(block_on(asked.stream("agent").emit_ping(1_u64)));
        let _begins = bus.subscribe_any().kinds(["begin"]).handle_sync(begins);
        let first = bus.clone();
        let _answers = other.subscribe::<Ping>().handle(move |_: Event<Ping>| {
            let bus = first.clone();
            async move {
                yield_now().await;
                assert!(bus.stream("agent").emit_pong(2_u64).await.is_ok());
            }
        });
        let _ends = bus.subscribe::<Pong>().handle(async |_: Event<Pong>| yield_now().await);
        let sending = bus.clone();
        let _sends = bus.subscribe::<Ping>().handle(move |_: Event<Ping>| {
            let bus = sending.clone();
            async move {
                yield_now().await;
                drop(bus.stream("agent").emit_dynamic("begin", json!({})).send());
            }
        });
        assert!(bus.stream("agent").emit_ping(1_u64).await.is_ok());
        assert_eq!(bus.stats().published["pong"], 1);
    });
}

#[test]
fn an_async_handler_that_blocks_leaves_its_permit_to_the_one_it_waits_for() {
    for yields in [false, true] {
        threaded(3).apart().with(|bus| bus.max_concurrent_handlers(1)).run(async move |bus, stand| {
            stand.at(format!("an async handler blocks on an emit to another; yields first: {yields}"));
            let blocking = bus.clone();
            let _blocks = bus.subscribe::<Ping>().handle(move |event: Event<Ping>| {
                let bus = blocking.clone();
                async move {
                    if yields {
                        yield_now().await;
                    }
                    let emit = bus.stream("agent").emit_pong(event.n).send().finished();
                    assert!(tokio::task::block_in_place(|| block_on(emit)).is_ok());
                }
            });
            let _other = bus.subscribe::<Pong>().handle(async |_: Event<Pong>| yield_now().await);
            assert!(bus.stream("agent").emit_ping(1_u64).await.is_ok());
        });
    }
}

/// Its thread holds the second handler of the same publish, which has not begun.
#[test]
fn an_async_handler_that_blocks_does_not_wait_for_what_its_own_thread_holds() {
    threaded(3).apart().run(async |bus, stand| {
        stand.at("an async handler blocks on an emit to a later one of its own publish");
        let blocking = bus.clone();
        let _blocks = bus.subscribe::<Ping>().handle(move |event: Event<Ping>| {
            let bus = blocking.clone();
            async move {
                let receipt = block_on(bus.stream("agent").emit_pong(event.n));
                assert_eq!((receipt.reached(), receipt.deferred()), (1, 1));
            }
        });
        let _later = bus.subscribe::<(Ping, Pong)>().name("later").handle(async |_| yield_now().await);
        assert!(bus.stream("agent").emit_ping(1_u64).await.is_ok());
        wait_until_idle(&bus);
        assert_eq!(bus.stats().subscription("later").unwrap().counts.handled, 2);
    });
}

/// Its thread holds the first handler of the same publish, which was polled and waits for another.
#[test]
fn an_async_handler_that_blocks_does_not_wait_for_what_its_publish_hands_over_later() {
    threaded(3).apart().run(async |bus, stand| {
        stand.at("an async handler blocks on an emit to an earlier one of its own publish");
        let _other = bus.subscribe::<Pong>().handle(async |_: Event<Pong>| yield_now().await);
        let waiting = bus.clone();
        let _earlier = bus.subscribe::<Ping>().name("earlier").handle(move |event: Event<Ping>| {
            let bus = waiting.clone();
            async move { assert!(bus.stream("agent").emit_pong(event.n).await.is_ok()) }
        });
        let blocking = bus.clone();
        let _blocks = bus.subscribe::<Ping>().stream("agent").handle(move |event: Event<Ping>| {
            let bus = blocking.clone();
            async move {
                let receipt = block_on(bus.stream("other").emit_ping(event.n));
                assert_eq!((receipt.reached(), receipt.deferred()), (1, 1));
            }
        });
        assert!(bus.stream("agent").emit_ping(1_u64).await.is_ok());
        wait_until_idle(&bus);
        assert_eq!(bus.stats().subscription("earlier").unwrap().counts.handled, 2);
    });
}

/// The task of an async handler is in the middle of a poll while a value of the event before is
/// dropped.
#[test]
fn a_drop_between_two_events_may_wait_for_the_handler_whose_task_it_blocks() {
    threaded(3).apart().with(|bus| bus.max_concurrent_handlers(1)).run(async |bus, stand| {
        stand.at("an error that blocks when it is dropped, on an emit to the same handler");
        let outer = bus.clone();
        let _fails = bus.subscribe::<Ping>().name("fails").handle(move |event: Event<Ping>| {
            let bus = outer.clone();
            async move {
                yield_now().await;
                if event.n == 1 {
                    let dropped = OnDrop::new(move || {
                        let sent = bus.stream("agent").emit_ping(2_u64).send();
                        drop(block_on(sent.finished()));
                    });
                    tokio::task::block_in_place(|| drop(dropped));
                }
            }
        });
        assert!(bus.stream("agent").emit_ping(1_u64).await.is_ok());
        wait_until_idle(&bus);
        assert_eq!(bus.stats().subscription("fails").unwrap().counts.handled, 2);
    });
}

/// The handler is idle then, and its task is in the middle of a poll.
#[test]
fn a_waker_that_blocks_does_not_hold_up_the_task_of_an_idle_handler() {
    threaded(3).apart().with(|bus| bus.max_concurrent_handlers(1)).run(async |bus, stand| {
        stand.at("the waker of an emit blocks on another one to the same handler");
        let _yields = bus.subscribe::<Ping>().name("yields").handle(async |_: Event<Ping>| yield_now().await);
        let woken = Arc::new(Blocks::new(&bus, |bus| {
            drop(block_on(bus.stream("agent").emit_ping(2_u64).send().finished()));
        }));
        let waker = Waker::from(Arc::clone(&woken));
        let mut first = pin!(bus.stream("agent").emit_ping(1_u64).send().finished());
        let is_pending = first.as_mut().poll(&mut Context::from_waker(&waker)).is_pending();
        if is_pending {
            while !woken.done.load(Ordering::SeqCst) {
                yield_now().await;
            }
        }
        assert!(first.await.is_ok());
        wait_until_idle(&bus);
        let handled = bus.stats().subscription("yields").unwrap().counts.handled;
        assert_eq!(handled, 1 + u64::from(is_pending));
    });
}

type Work = Box<dyn FnOnce(&EventBus) + Send>;

/// A waker that waits for something of a bus.
struct Blocks {
    bus: EventBus,
    work: Mutex<Option<Work>>,
    done: AtomicBool,
}

impl Blocks {
    fn new(bus: &EventBus, work: impl FnOnce(&EventBus) + Send + 'static) -> Self {
        Self { bus: bus.clone(), work: Mutex::new(Some(Box::new(work))), done: AtomicBool::new(false) }
    }
}

impl Wake for Blocks {
    fn wake(self: Arc<Self>) {
        let work = self.work.lock().unwrap().take();
        if let Some(work) = work {
            work(&self.bus);
            self.done.store(true, Ordering::SeqCst);
        }
    }
}

/// One event wakes two readers: what the first one's waker waits for, the second reader does.
#[test]
fn a_waker_that_blocks_does_not_hold_up_the_wakers_behind_it() {
    let bus = EventBus::new();
    let outer = bus.clone();
    watch_apart(Some(&outer), move |stand| {
        stand.at("the first of two wakers blocks until the second reader has published");
        let woken = Arc::new(Blocks::new(&bus, |bus| {
            assert!(block_on(bus.wait_for::<Pong>()).is_ok());
        }));
        let waker = Waker::from(Arc::clone(&woken));
        let mut first = bus.subscribe::<Ping>().into_stream();
        let mut reading = pin!(first.recv());
        assert!(matches!(reading.as_mut().poll(&mut Context::from_waker(&waker)), Poll::Pending));
        let mut second = bus.subscribe::<Ping>().into_stream();
        let (ready, is_ready) = std::sync::mpsc::channel();
        let (publishes, waited) = (bus.clone(), Arc::clone(&woken));
        let reader = std::thread::spawn(move || {
            let mut reading = pin!(second.recv());
            block_on(std::future::poll_fn(|context| {
                let read = reading.as_mut().poll(context).map(|event| event.is_some());
                let _ = ready.send(());
                read
            }));
            // The waker may not have begun to wait yet.
            while !waited.done.load(Ordering::SeqCst) {
                drop(publishes.stream("agent").emit_pong(2_u64).send());
            }
        });
        is_ready.recv().unwrap();
        drop(bus.stream("agent").emit_ping(1_u64).send());
        reader.join().unwrap();
        assert!(woken.done.load(Ordering::SeqCst));
    });
}

/// The next event was taken up, with the permit of the one before.
#[test]
fn a_lag_callback_that_blocks_leaves_the_permit_of_the_next_event_to_others() {
    threaded(3).apart().with(|bus| bus.max_concurrent_handlers(1)).run(async |bus, stand| {
        stand.at("a lag callback blocks on an emit to another async handler");
        let _other = bus.subscribe::<Pang>().handle(async |_: Event<Pang>| yield_now().await);
        let (outer, gate) = (bus.clone(), Arc::new(tokio::sync::Semaphore::new(0)));
        let held = Arc::clone(&gate);
        let lags = bus.subscribe::<Ping>().name("lags").capacity(1).overflow(Overflow::DropOldest);
        let lags = lags.on_lag(move |_| {
            let emit = outer.stream("agent").emit_pang(1_u64);
            assert!(tokio::task::block_in_place(|| block_on(emit)).is_ok());
        });
        let _lags = lags.handle(move |_: Event<Ping>| {
            let held = Arc::clone(&held);
            async move { held.acquire().await.unwrap().forget() }
        });
        let agent = bus.stream("agent");
        (1..=3).for_each(|n: u64| drop(agent.emit_ping(n).send()));
        gate.add_permits(3);
        wait_until_idle(&bus);
        assert_eq!(bus.stats().subscription("lags").unwrap().counts.handled, 2);
        assert_eq!(bus.stats().published["pang"], 1);
    });
}
