//! Work too deep in the stack is left to its outermost frame, whatever that is.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bus_core::EventBus;
use serde_json::json;

use crate::common::{Notes, block_on, trial, wait_until_idle, watch_apart};
use crate::events::{Ping, Pong, ReviewedEmit, at_drop, ping};

/// A handler for each number below `deep`, which sends the next one.
fn chain(bus: &EventBus, deep: u64, last: impl Fn() + Send + 'static) -> Notes<u64> {
    let (inner, seen, last) = (bus.clone(), Notes::<u64>::new(), Arc::new(Mutex::new(last)));
    for own in 0..=deep {
        let (bus, notes, last) = (inner.clone(), seen.clone(), Arc::clone(&last));
        let guard = bus.clone().subscribe::<Ping>().filter(move |event| event.n == own);
        let guard = guard.handle_sync(move |_| {
            notes.add(own);
            if own < deep {
                ping(&bus, own + 1);
            } else {
                last.lock().unwrap()();
            }
        });
        guard.detach();
    }
    seen
}

struct Sends(EventBus);

impl Drop for Sends {
    fn drop(&mut self) {
        ping(&self.0, 0);
    }
}

/// Handlers that a drop begins are all called, also those below the eighth.
#[test]
fn a_chain_that_begins_in_a_drop_is_run_to_its_end() {
    for way in ["guard", "payload", "rejected", "filter"] {
        watch_apart(None, move |stand| {
            stand.at(way);
            let bus = EventBus::builder().history(0).build().unwrap();
            let seen = chain(&bus, 20, || {});
            let sends = Sends(bus.clone());
            match way {
                "guard" => {
                    let guard = bus.subscribe::<Pong>().handle_sync(move |_| {
                        let _ = &sends;
                    });
                    drop(guard);
                }
                "payload" => {
                    let own = bus.clone();
                    drop(bus.stream("agent").emit_last(at_drop(move || ping(&own, 0))).send());
                }
                "rejected" => {
                    let (own, other) = (bus.clone(), EventBus::new());
                    drop(other.close(Duration::ZERO));
                    drop(other.stream("agent").emit_last(at_drop(move || ping(&own, 0))).send());
                }
                _ => {
                    let own = bus.clone();
                    let filter = bus.subscribe::<Pong>().filter(move |_| {
                        ping(&own, 0);
                        false
                    });
                    let _guard = filter.handle_sync(|_| {});
                    drop(bus.stream("agent").emit_pong(1_u64).send());
                }
            }
            // Only the filter's handler is gone: none of these ended.
            assert_eq!(seen.all(), (0..=20).collect::<Vec<_>>(), "{way}");
            let report = block_on(bus.close(Duration::ZERO));
            assert!(report.is_drained(), "{way}: {report}");
        });
    }
}

/// The reader that answers is woken although the thread that woke it, far down its stack, blocks.
#[test]
fn a_reader_is_woken_before_a_thread_blocks_deep_in_its_stack() {
    for with_filter in [false, true] {
        watch_apart(None, move |stand| {
            let bus = EventBus::new();
            let (answers, pongs) = (bus.clone(), bus.subscribe::<Pong>());
            let mut asked = if with_filter {
                pongs.filter(|_| true).into_stream().with_gaps()
            } else {
                pongs.into_stream().with_gaps()
            };
            let (ready, is_ready) = mpsc::channel();
            let reader = std::thread::spawn(move || {
                let mut reading = std::pin::pin!(asked.recv());
                let read = block_on(std::future::poll_fn(|context| {
                    let read = reading.as_mut().poll(context);
                    // From here on nothing but its waker lets it read.
                    let _ = ready.send(());
                    read
                }));
                read.unwrap().unwrap();
                drop(answers.stream("agent").emit_dynamic("answer", json!({})).send());
            });
            is_ready.recv().unwrap();
            let (asks, got) = (bus.clone(), Notes::<u64>::new());
            let notes = got.clone();
            let _seen = chain(&bus, 7, move || {
                let answer = asks.subscribe_any().kinds(["answer"]).first();
                drop(asks.stream("agent").emit_pong(1_u64).send());
                block_on(answer).unwrap();
                notes.add(1_u64);
            });
            stand.at(format!("the question, with a filter: {with_filter}"));
            ping(&bus, 0);
            reader.join().unwrap();
            assert_eq!(got.all(), [1]);
        });
    }
}

/// The answer comes from a handler that is too deep in the stack to be called there.
#[test]
fn a_thread_that_blocks_deep_in_its_stack_leaves_what_it_postponed_to_another_one() {
    watch_apart(None, |stand| {
        let bus = EventBus::new();
        let (answers, asks, got) = (bus.clone(), bus.clone(), Notes::<u64>::new());
        let _answers = bus.subscribe::<Pong>().handle_sync(move |_| {
            drop(answers.stream("agent").emit_dynamic("answer", json!({})).send());
        });
        let notes = got.clone();
        let _seen = chain(&bus, 7, move || {
            let answer = asks.subscribe_any().kinds(["answer"]).first();
            drop(asks.stream("agent").emit_pong(1_u64).send());
            block_on(answer).unwrap();
            notes.add(1_u64);
        });
        stand.at("the question");
        ping(&bus, 0);
        assert_eq!(got.all(), [1]);
        wait_until_idle(&bus);
        assert!(block_on(bus.close(Duration::ZERO)).is_drained());
    });
}

/// An async handler that is polled on the stack of a thread that blocks gives its permit back,
/// whatever that thread waits for.
#[test]
fn a_blocked_thread_holds_no_permit_whatever_it_waits_for() {
    for way in ["first", "stream", "emit"] {
        crate::common::threaded(2).apart().with(|bus| bus.max_concurrent_handlers(1)).run(
            async move |bus, stand| {
                stand.at(way);
                let (asks, answers, begins) = (bus.clone(), bus.clone(), bus.clone());
                let _sync = bus.subscribe_any().kinds(["begin"]).handle_sync(move |_| {
                    let agent = asks.stream("agent");
                    match way {
                        "first" => {
                            let answer = asks.subscribe_any().kinds(["answer"]).first();
                            drop(agent.emit_pong(1_u64).send());
                            block_on(answer).unwrap();
                        }
                        "stream" => {
                            let mut answer = asks.subscribe_any().kinds(["answer"]).into_stream().with_gaps();
                            drop(agent.emit_pong(1_u64).send());
                            block_on(answer.recv()).unwrap().unwrap();
                        }
                        _ => drop(block_on(agent.emit_pong(1_u64).into_future())),
                    }
                });
                let _answers = bus.subscribe::<Pong>().handle(move |_| {
                    let agent = answers.stream("agent");
                    async move {
                        tokio::task::yield_now().await;
                        drop(agent.emit_dynamic("answer", json!({})).send());
                    }
                });
                let _begins = bus.subscribe::<Ping>().handle(move |_| {
                    let agent = begins.stream("agent");
                    async move {
                        tokio::task::yield_now().await;
                        drop(agent.emit_dynamic("begin", json!({})).send());
                    }
                });
                ping(&bus, 1);
                tokio::task::spawn_blocking(move || wait_until_idle(&bus)).await.unwrap();
            },
        );
    }
}

#[test]
fn a_long_chain_is_done_when_its_first_emit_is() {
    trial().run(async |bus, _| {
        let seen = chain(&bus, 30, || {});
        bus.stream("agent").emit_ping(0_u64).await;
        assert_eq!(seen.all().len(), 31);
        assert!(bus.close(Duration::ZERO).await.is_drained());
    });
}

/// A handler that looks back is called where it is subscribed, and subscribes the next one.
#[test]
fn handlers_that_look_back_are_not_nested_on_one_stack() {
    fn look_back(bus: &EventBus, since: bus_core::EventId, left: u64, deepest: &Arc<Mutex<(u64, u64)>>) {
        let (own, depth) = (bus.clone(), Arc::clone(deepest));
        let guard = bus.subscribe::<Ping>().since(since).handle_sync(move |_| {
            let deep = {
                let mut at = depth.lock().unwrap();
                at.0 += 1;
                at.1 = at.1.max(at.0);
                at.0
            };
            assert!(deep < 100, "{deep} handlers on one stack");
            if left > 0 {
                look_back(&own, since, left - 1, &depth);
            }
            depth.lock().unwrap().0 -= 1;
        });
        guard.detach();
    }
    watch_apart(None, |_| {
        let (bus, deepest) = (EventBus::new(), Arc::default());
        ping(&bus, 1);
        let since = bus.history().collect()[0].cursor();
        ping(&bus, 2);
        look_back(&bus, since, 200, &deepest);
        wait_until_idle(&bus);
        assert_eq!(bus.stats().subscriptions.len(), 201);
        assert!(deepest.lock().unwrap().1 <= 9, "{} handlers on one stack", deepest.lock().unwrap().1);
    });
}

/// An event that history evicts deep in the stack is dropped by the outermost frame, where its
/// payload may publish.
#[test]
fn what_is_evicted_deep_in_the_stack_may_publish_when_it_is_dropped() {
    watch_apart(None, |_| {
        let bus = EventBus::builder().history(1).build().unwrap();
        let (own, seen) = (bus.clone(), Notes::<u64>::new());
        let notes = seen.clone();
        let _guard = bus.subscribe::<Pong>().handle_sync(move |event| notes.add(event.n));
        let _chain = chain(&bus, 7, move || {
            let (agent, after) = (own.stream("agent"), own.clone());
            let payload = at_drop(move || drop(after.stream("agent").emit_pong(2_u64).send()));
            drop(agent.emit_last(payload).send());
            drop(agent.emit_pong(1_u64).send());
        });
        ping(&bus, 0);
        assert_eq!((seen.all(), bus.stats().refused), (vec![1, 2], 0));
    });
}
