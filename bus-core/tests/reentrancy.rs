//! A handler may publish, subscribe, unsubscribe, query and wait, at any depth and at any limit.
//!
//! Each test runs in a child with a watchdog that prints its steps.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::sync::mpsc;
use std::sync::{Arc, Mutex, OnceLock};

use bus_core::{AgentEvent, Event, EventBus, Subscription};
use common::{Notes, block_on, settle, threaded, trial, watch_apart};

#[derive(AgentEvent)]
enum Deep {
    Step { n: u64 },
    Echo { n: u64 },
    Done,
}

#[test]
fn a_handler_may_use_the_whole_interface() {
    trial().apart().run(async |bus, _| {
        let (inner, seen, kept) = (bus.clone(), Notes::<String>::new(), Arc::new(Mutex::new(Vec::new())));
        let (notes, guards) = (seen.clone(), Arc::clone(&kept));
        let victim = bus.subscribe::<Done>().handle_sync(|_| {});
        let victim_id = victim.id();
        let _guard = bus.subscribe::<Step>().handle(move |event: Event<Step>| {
            let (bus, notes, guards) = (inner.clone(), notes.clone(), Arc::clone(&guards));
            async move {
                let echo = bus.wait_for::<Echo>();
                let echoes = notes.clone();
                let own =
                    bus.subscribe::<Echo>().handle_sync(move |event| echoes.add(format!("echo {}", event.n)));
                guards.lock().unwrap().push(own);
                assert_eq!(bus.stream("desk").emit_echo(event.n).await.handled(), 1);
                assert!(bus.stream("desk").emit_echo(event.n + 1).send().receipt().is_ok());
                notes.add(format!("waited {}", echo.await.unwrap().n));
                notes.add(format!("history {}", bus.history().collect().len()));
                notes.add(format!("unsubscribed {}", bus.unsubscribe(victim_id)));
                notes.add(format!("subscriptions {}", bus.stats().subscriptions.len()));
            }
        });
        assert_eq!(bus.stream("desk").emit_step(7_u64).await.handled(), 1);
        let expected = ["echo 7", "echo 8", "waited 7", "history 3", "unsubscribed true", "subscriptions 2"];
        assert_eq!(seen.all(), expected);
    });
}

#[test]
fn a_thousand_handlers_that_publish_and_await_are_done_at_any_limit() {
    for limit in [1, 2, 10] {
        trial().apart().with(|bus| bus.max_concurrent_handlers(limit)).run(async move |bus, steps| {
            for n in 0..1_000_u64 {
                let inner = bus.stream("desk");
                let handler = move |_: Event<Step>| {
                    let inner = inner.clone();
                    async move {
                        assert!(inner.emit_echo(n).await.is_ok());
                    }
                };
                bus.subscribe::<Step>().handle(handler).detach();
            }
            let heard = bus.subscribe::<Echo>().name("heard").handle(async |_: Event<Echo>| {
                tokio::task::yield_now().await;
            });
            steps.at(format!("limit {limit}"));
            let receipt = bus.stream("desk").emit_step(0_u64).await;
            assert_eq!((receipt.reached(), receipt.handled()), (1_000, 1_000));
            assert_eq!(bus.stats().subscription("heard").unwrap().counts.handled, 1_000);
            drop(heard);
        });
    }
}

#[test]
fn a_chain_of_a_thousand_handlers_that_await_each_other_is_done() {
    for limit in [1, 2, 10] {
        let settings =
            move |bus: bus_core::EventBusBuilder| bus.max_concurrent_handlers(limit).chain_limit(2_000);
        threaded(2).apart().with(settings).run(async move |bus, steps| {
            for n in 0..1_000_u64 {
                let inner = bus.stream(format!("{}", n + 1));
                let handler = move |event: Event<Step>| {
                    let inner = inner.clone();
                    async move { assert!(inner.emit_step(event.n + 1).await.is_ok()) }
                };
                bus.subscribe::<Step>().stream(n.to_string()).handle(handler).detach();
            }
            steps.at(format!("limit {limit}"));
            assert_eq!(bus.stream("0").emit_step(0_u64).await.handled(), 1);
            assert_eq!(bus.stats().published_total, 1_001);
        });
    }
}

/// Handlers that each send one more event, up to 5,000: the stack does not overflow, and they run
/// in order.
fn sync_chain(bus: &EventBus) {
    let seen = Notes::<u64>::new();
    for parity in 0..2 {
        let (inner, notes) = (bus.stream("desk"), seen.clone());
        bus.subscribe::<Step>()
            .filter(move |event| event.n % 2 == parity)
            .handle_sync(move |event| {
                notes.add(event.n);
                if event.n < 5_000 {
                    drop(inner.emit_step(event.n + 1).send());
                }
            })
            .detach();
    }
    drop(bus.stream("desk").emit_step(0_u64).send());
    assert_eq!(seen.all(), (0..=5_000).collect::<Vec<_>>());
}

#[test]
fn a_sync_chain_of_five_thousand_does_not_overflow_the_stack() {
    trial().apart().with(|bus| bus.chain_limit(10_000)).run(async |bus, _| {
        let small = std::thread::Builder::new().stack_size(512 * 1024);
        small.spawn(move || sync_chain(&bus)).unwrap().join().unwrap();
    });
}

#[test]
fn a_chain_of_a_hundred_thousand_is_dropped_without_a_deep_stack() {
    trial().apart().with(|bus| bus.chain_limit(u32::MAX).history(1)).run(async |bus, _| {
        let inner = bus.stream("desk");
        let guard = bus.subscribe::<Step>().handle_sync(move |event| {
            if event.n < 100_000 {
                drop(inner.emit_step(event.n + 1).send());
            }
        });
        let small = std::thread::Builder::new().stack_size(256 * 1024);
        let run = move || {
            drop(bus.stream("desk").emit_step(0_u64).send());
            assert_eq!(bus.stats().published_total, 100_001);
            drop(guard);
            drop(bus);
        };
        small.spawn(run).unwrap().join().unwrap();
    });
}

#[test]
fn running_in_place_nests_at_most_eight_deep() {
    trial().apart().run(async |bus, _| {
        let (inner, depths, depth) =
            (bus.stream("desk"), Notes::<usize>::new(), Arc::new(Mutex::new(0_usize)));
        let notes = depths.clone();
        for n in 0..20_u64 {
            let (inner, notes, depth) = (inner.clone(), notes.clone(), Arc::clone(&depth));
            bus.subscribe::<Step>()
                .filter(move |event| event.n == n)
                .handle_sync(move |_| {
                    *depth.lock().unwrap() += 1;
                    notes.add(*depth.lock().unwrap());
                    drop(inner.emit_step(n + 1).send());
                    *depth.lock().unwrap() -= 1;
                })
                .detach();
        }
        drop(inner.emit_step(0_u64).send());
        assert_eq!(depths.all().len(), 20);
        assert_eq!(depths.all().into_iter().max(), Some(8));
    });
}

#[test]
fn a_handler_may_end_its_own_subscription() {
    trial().apart().run(async |bus, _| {
        let (own, seen) = (Arc::new(OnceLock::<Mutex<Option<Subscription>>>::new()), Notes::<u64>::new());
        let (inner, notes) = (Arc::clone(&own), seen.clone());
        let guard = bus.subscribe::<Step>().handle(move |event: Event<Step>| {
            let (own, notes) = (Arc::clone(&inner), notes.clone());
            async move {
                notes.add(event.n);
                drop(own.get().unwrap().lock().unwrap().take());
                tokio::task::yield_now().await;
                notes.add(event.n + 100);
            }
        });
        assert!(own.set(Mutex::new(Some(guard))).is_ok());
        let (first, second) = (bus.stream("desk").emit_step(1_u64), bus.stream("desk").emit_step(2_u64));
        let (first, second) = tokio::join!(first, second);
        assert_eq!((first.handled(), second.reached()), (1, 0));
        assert_eq!(seen.all(), [1, 101]);
    });
}

#[test]
fn sync_handlers_that_block_on_an_emit_to_their_own_group_are_not_waited_for() {
    // The first handler of a publish waits for a busy one on another thread, which emits to the
    // second handler of the same publish.
    let bus = EventBus::new();
    let outer = bus.clone();
    watch_apart(Some(&outer), move |steps| {
        let (desk, echoes) = (bus.stream("desk"), bus.clone());
        let (busy, is_busy) = mpsc::channel();
        let inner = desk.clone();
        let _busy = bus.subscribe::<Echo>().name("busy").handle_sync(move |event| {
            if event.n == 0 {
                busy.send(()).unwrap();
                while echoes.stats().subscription("busy").unwrap().waiting == 0 {
                    std::thread::yield_now();
                }
                block_on(inner.emit_done());
            }
        });
        let inner = desk.clone();
        let _first = bus.subscribe::<Step>().handle_sync(move |_| drop(block_on(inner.emit_echo(1_u64))));
        let _second = bus.subscribe::<(Step, Done)>().name("second").handle_sync(|_| {});
        let other = desk.clone();
        let thread = std::thread::spawn(move || drop(other.emit_echo(0_u64).send()));
        is_busy.recv().unwrap();
        steps.at("both wait");
        assert!(block_on(desk.emit_step(0_u64)).is_ok());
        thread.join().unwrap();
        assert_eq!(bus.stats().subscription("second").unwrap().counts.handled, 2);
        common::check_accounts(&bus.stats());
    });
}

#[test]
fn an_event_handled_on_the_stack_of_another_handler_does_not_wait_for_that_one() {
    let bus = EventBus::new();
    let outer = bus.clone();
    watch_apart(Some(&outer), move |steps| {
        let desk = bus.stream("desk");
        let (inner, outer) = (desk.clone(), desk.clone());
        // While the first echo is handled on the stack of the step, a second one arrives from
        // another thread; it is handled there too, and emits to the step's handler.
        let _echo = bus.subscribe::<Echo>().handle_sync(move |event| {
            let other = inner.clone();
            if event.n == 0 {
                std::thread::spawn(move || drop(other.emit_echo(1_u64).send())).join().unwrap();
            } else {
                assert_eq!(block_on(inner.emit_step(1_u64)).deferred(), 1);
            }
        });
        let _step = bus.subscribe::<Step>().name("step").handle_sync(move |event| {
            if event.n == 0 {
                drop(outer.emit_echo(0_u64).send());
            }
        });
        steps.at("send");
        drop(desk.emit_step(0_u64).send());
        assert_eq!(bus.stats().subscription("step").unwrap().counts.handled, 2);
        common::check_accounts(&bus.stats());
    });
}

#[test]
fn an_emit_dropped_while_it_waits_cancels_nothing() {
    trial().apart().run(async |bus, _| {
        let seen = Notes::<u64>::new();
        let notes = seen.clone();
        let _guard = bus.subscribe::<Step>().handle(move |event: Event<Step>| {
            let notes = notes.clone();
            async move {
                for _ in 0..3 {
                    tokio::task::yield_now().await;
                }
                notes.add(event.n);
            }
        });
        // After n polls: 0 publishes nothing.
        for polls in 0..4 {
            let mut emit = Box::pin(bus.stream("desk").emit_step(polls).into_future());
            for _ in 0..polls {
                assert!(common::poll_once(emit.as_mut()).is_pending());
                tokio::task::yield_now().await;
            }
            drop(emit);
        }
        settle().await;
        assert_eq!(seen.all(), [1, 2, 3]);
        assert_eq!(bus.stats().published_total, 3);
    });
}
