//! A synchronous handler that blocks its thread on an awaited emit does not hang.

use bus_core::Event;
use tokio::runtime;
use tokio::task::yield_now;

use crate::common::{Notes, block_on, threaded, trial};
use crate::events::{FaultsEmit, Pang, Ping, Pong};

/// The permit of the async handler below on the stack is given back while the thread is blocked.
#[test]
fn a_handler_that_blocks_below_an_async_one_leaves_its_permit_to_another_runtime() {
    for (limit, yields) in [(1, false), (1, true), (2, true)] {
        trial().apart().with(|bus| bus.max_concurrent_handlers(limit)).run(async move |bus, stand| {
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

/// The limit holds again afterwards: the permit given back is taken back as a debt.
#[test]
fn a_permit_that_was_left_to_another_is_not_there_twice() {
    trial().apart().with(|bus| bus.max_concurrent_handlers(1)).run(async |bus, stand| {
        stand.at("a handler that was blocked goes on beside others at a limit of 1");
        let other = runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let (inside, most) = (Notes::<i64>::new(), Notes::<i64>::new());
        let enter = move |by: i64| {
            inside.add(by);
            most.add(inside.all().iter().sum::<i64>());
            most.all().into_iter().max().unwrap()
        };
        let far = {
            let _other = other.enter();
            bus.subscribe::<Pang>().handle(async |_: Event<Pang>| yield_now().await)
        };
        let blocking = bus.clone();
        let _blocks = bus.subscribe::<Pong>().handle_sync(move |event| {
            drop(block_on(blocking.stream("agent").emit_pang(event.n)));
        });
        let sending = bus.clone();
        let worst = Notes::<i64>::new();
        let notes = worst.clone();
        let _sends = bus.subscribe::<Ping>().concurrency(4).handle(move |event: Event<Ping>| {
            let (bus, enter, notes) = (sending.clone(), enter.clone(), notes.clone());
            async move {
                drop(bus.stream("agent").emit_pong(event.n).send());
                // From here on nothing of the bus is waited for.
                yield_now().await;
                yield_now().await;
                notes.add(enter(1));
                yield_now().await;
                enter(-1);
            }
        });
        let sent: Vec<_> = (0..20).map(|n| bus.stream("agent").emit_ping(n).send()).collect();
        for sent in sent {
            assert!(sent.finished().await.is_ok());
        }
        let worst = worst.all().into_iter().max().unwrap();
        assert_eq!(worst, 1, "{worst} async handlers were at work at once with a limit of 1");
        drop(far);
        other.shutdown_background();
    });
}

/// What the blocked thread would have run next is run by another.
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
