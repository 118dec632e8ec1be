//! A synchronous handler that blocks its thread on an awaited emit does not hang.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use bus_core::{Event, EventBus};
use tokio::runtime;
use tokio::task::yield_now;

use crate::common::{Notes, block_on, threaded, watch_apart};
use crate::events::{FaultsEmit, Pang, Ping, Pong};

/// The permit of the async handler below on the stack is given back while the thread is blocked.
#[test]
fn a_handler_that_blocks_below_an_async_one_leaves_its_permit_to_another_runtime() {
    for (limit, yields) in [(1, false), (1, true), (2, true)] {
        threaded(2).apart().with(|bus| bus.max_concurrent_handlers(limit)).run(async move |bus, stand| {
            stand.at(format!("limit {limit}, an async handler sends to one that blocks; yields {yields}"));
            let other = runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
            let seen = Notes::<u64>::new();
            let notes = seen.clone();
            let far = {
                let _other = other.enter();
                bus.subscribe::<Pang>().name("on another runtime").handle(move |event: Event<Pang>| {
                    let notes = notes.clone();
                    async move {
                        yield_now().await;
                        notes.add(event.n);
                    }
                })
            };
            let blocking = bus.clone();
            let _blocks = bus.subscribe::<Pong>().name("blocks").handle_sync(move |event| {
                assert!(block_on(blocking.stream("agent").emit_pang(event.n)).is_ok());
            });
            let sending = bus.clone();
            let _sends = bus.subscribe::<Ping>().name("sends").handle(move |event: Event<Ping>| {
                let bus = sending.clone();
                async move {
                    if yields {
                        yield_now().await;
                    }
                    drop(bus.stream("agent").emit_pong(event.n).send());
                }
            });
            assert!(bus.stream("agent").emit_ping(7_u64).await.is_ok());
            assert_eq!(seen.all(), [7]);
            drop(far);
            other.shutdown_background();
        });
    }
}

/// The limit holds again afterwards: the permit that was given back is not there twice.
#[test]
fn a_permit_that_was_left_to_another_is_not_there_twice() {
    threaded(2).apart().with(|bus| bus.max_concurrent_handlers(1)).run(async |bus, stand| {
        let other = runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let far = {
            let _other = other.enter();
            bus.subscribe::<Pang>().handle(async |_: Event<Pang>| yield_now().await)
        };
        let blocking = bus.clone();
        let blocks = bus.subscribe::<Pong>().handle_sync(move |event| {
            drop(block_on(blocking.stream("agent").emit_pang(event.n)));
        });
        let sending = bus.clone();
        let sends = bus.subscribe::<Ping>().handle(move |event: Event<Ping>| {
            let bus = sending.clone();
            async move { drop(bus.stream("agent").emit_pong(event.n).send()) }
        });
        stand.at("ten times, an async handler sends to one that blocks, at a limit of 1");
        for n in 0..10 {
            bus.stream("agent").emit_ping(n).await;
        }
        drop((far, blocks, sends));
        stand.at("the limit of 1 holds afterwards");
        let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        for _ in 0..4 {
            let (inside, most) = (Arc::clone(&inside), Arc::clone(&most));
            let handler = move |_: Event<Ping>| {
                let (inside, most) = (Arc::clone(&inside), Arc::clone(&most));
                async move {
                    most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    yield_now().await;
                    inside.fetch_sub(1, Ordering::SeqCst);
                }
            };
            bus.subscribe::<Ping>().handle(handler).detach();
        }
        for n in 0..10 {
            bus.stream("agent").emit_ping(n).await;
        }
        let most = most.load(Ordering::SeqCst);
        assert_eq!(most, 1, "{most} async handlers were at work at once with a limit of 1");
        other.shutdown_background();
    });
}

/// The next jobs of the blocked thread run on another one.
#[test]
fn a_handler_that_blocks_a_worker_of_the_runtime_does_not_hold_up_what_it_waits_for() {
    for workers in [2, 4] {
        threaded(workers).apart().run(async move |bus, stand| {
            stand.at(format!("a synchronous handler blocks one of {workers} workers on an awaited emit"));
            let blocking = bus.clone();
            let _blocks = bus.subscribe::<Ping>().name("blocks").handle_sync(move |event| {
                assert!(block_on(blocking.stream("agent").emit_pong(event.n)).is_ok());
            });
            let _yields =
                bus.subscribe::<Pong>().name("yields").handle(async |_: Event<Pong>| yield_now().await);
            for n in 0..20 {
                let agent = bus.stream("agent");
                // On a worker: the thread of the test is none.
                tokio::spawn(async move { drop(agent.emit_ping(n).send()) }).await.unwrap();
            }
            let handled = bus.stats().subscription("yields").unwrap().counts.handled;
            assert_eq!(handled, 20);
        });
    }
}

#[test]
fn a_task_that_the_awaited_handler_wakes_runs_too() {
    threaded(2).apart().run(async |bus, stand| {
        stand.at("the awaited handler waits for a task that it spawned");
        let blocking = bus.clone();
        let _blocks = bus.subscribe::<Ping>().handle_sync(move |event| {
            assert!(block_on(blocking.stream("agent").emit_pong(event.n)).is_ok());
        });
        let _spawns = bus.subscribe::<Pong>().handle(async |_: Event<Pong>| {
            yield_now().await;
            tokio::spawn(yield_now()).await.unwrap();
        });
        for n in 0..20 {
            let agent = bus.stream("agent");
            tokio::spawn(async move { drop(agent.emit_ping(n).await) }).await.unwrap();
        }
        assert_eq!(bus.stats().published["pong"], 20);
    });
}

/// The thread that waits for an event also holds handlers that have not begun: a sender to those
/// waits for none of them, whichever of the two waits comes first.
#[test]
fn a_handler_that_waits_for_an_event_holds_up_nobody_who_sends_to_others_of_its_publish() {
    for sends_first in [false, true] {
        let bus = EventBus::new();
        let outer = bus.clone();
        watch_apart(Some(&outer), move |stand| {
            let ((began, begins), (go, gate)) = (mpsc::channel(), mpsc::channel::<()>());
            let ((polled, is_polled), waiting) = (mpsc::channel(), bus.clone());
            let _waits = bus.subscribe::<Ping>().name("waits").handle_sync(move |_| {
                let mut wait = pin!(waiting.wait_for::<Pang>());
                began.send(()).unwrap();
                gate.recv().unwrap();
                let found = block_on(poll_fn(|context| {
                    let found = wait.as_mut().poll(context);
                    let _ = polled.send(());
                    found
                }));
                assert!(found.is_ok());
            });
            let _held = bus.subscribe::<(Ping, Pong)>().name("held").handle_sync(|_| {});
            let agent = bus.stream("agent");
            let first = std::thread::spawn(move || block_on(agent.emit_ping(1_u64)));
            begins.recv().unwrap();
            stand.at(format!(
                "an emit to what the waiting thread holds; the emit begins first: {sends_first}"
            ));
            if !sends_first {
                go.send(()).unwrap();
                is_polled.recv().unwrap();
            }
            let agent = bus.stream("agent");
            let second = std::thread::spawn(move || block_on(agent.emit_pong(2_u64)));
            while bus.stats().published_total < 2 {
                std::thread::yield_now();
            }
            if sends_first {
                go.send(()).unwrap();
            }
            let receipt = second.join().unwrap();
            assert_eq!((receipt.reached(), receipt.handled() + receipt.deferred()), (1, 1));
            assert!(block_on(bus.stream("agent").emit_pang(3_u64)).is_ok());
            assert!(first.join().unwrap().is_ok());
            crate::events::wait_until_idle(&bus);
            assert_eq!(bus.stats().subscription("held").unwrap().counts.handled, 2);
        });
    }
}
