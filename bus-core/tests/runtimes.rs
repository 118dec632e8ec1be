//! Several runtimes and plain threads on one bus, and runtimes that are dropped: no event is lost,
//! and no wait hangs.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::time::Duration;

use bus_core::{AgentEvent, Event, EventBus, Outcome};
use common::{Notes, block_on, settle, threaded, trial, watch};
use tokio::runtime::{Builder, Runtime};

#[derive(AgentEvent)]
enum Run {
    Go { n: u64 },
    Back { n: u64 },
}

fn runtime(threads: usize) -> Runtime {
    let mut builder = if threads == 0 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    builder.worker_threads(threads.max(1)).enable_all().build().unwrap()
}

#[test]
fn two_runtimes_and_plain_threads_lose_nothing() {
    let bus = EventBus::new();
    let outer = bus.clone();
    watch(Some(&outer), move |steps| {
        let (one, two, seen) = (runtime(1), runtime(2), Notes::<u64>::new());
        for runtime in [&one, &two] {
            let _inside = runtime.enter();
            let (notes, back) = (seen.clone(), bus.stream("back"));
            bus.subscribe::<Go>()
                .hard_limit(100_000)
                .handle(move |event: Event<Go>| {
                    let (notes, back) = (notes.clone(), back.clone());
                    async move {
                        tokio::time::timeout(Duration::from_mins(1), back.emit_back(event.n)).await.unwrap();
                        notes.add(event.n);
                    }
                })
                .detach();
            bus.subscribe::<Back>().handle(async |_: Event<Back>| tokio::task::yield_now().await).detach();
        }
        let (mut tasks, mut threads) = (Vec::new(), Vec::new());
        for part in 0..4_u64 {
            let desk = bus.stream("desk");
            let publish = move |desk: bus_core::Emitter| async move {
                for n in part * 100..(part + 1) * 100 {
                    assert!(desk.emit_go(n).await.is_ok());
                }
            };
            match part {
                0 => tasks.push(one.spawn(publish(desk))),
                1 => tasks.push(two.spawn(publish(desk))),
                _ => threads.push(std::thread::spawn(move || block_on(publish(desk)))),
            }
        }
        steps.at("publish");
        for thread in threads {
            thread.join().unwrap();
        }
        for task in tasks {
            one.block_on(task).unwrap();
        }
        steps.at("close");
        assert!(one.block_on(bus.close(Duration::from_mins(2))).is_drained());
        let mut seen = seen.all();
        seen.sort_unstable();
        assert_eq!(seen, (0..400).flat_map(|n| [n, n]).collect::<Vec<_>>());
        common::check_accounts(&bus.stats());
    });
}

#[test]
fn a_runtime_dropped_during_a_delivery_ends_its_subscriptions_and_reports_it() {
    for threads in [0, 1, 2] {
        trial().run(async move |bus, steps| {
            let (gone, begun) = (runtime(threads), Notes::<u64>::new());
            {
                let (_inside, notes) = (gone.enter(), begun.clone());
                let handler = move |event: Event<Go>| {
                    notes.add(event.n);
                    std::future::pending::<()>()
                };
                bus.subscribe::<Go>().name("gone").handle(handler).detach();
            }
            let other = bus.subscribe::<Go>().name("stays").handle(async |_: Event<Go>| {});
            let sent: Vec<_> = (0..3).map(|n| bus.stream("desk").emit_go(n).send()).collect();
            if threads > 0 {
                while begun.all().is_empty() {
                    tokio::task::yield_now().await;
                }
            }
            steps.at("shut down");
            gone.shutdown_background();
            for sent in sent {
                let receipt = sent.finished().await;
                assert_eq!((receipt.handled(), receipt.problems().len()), (1, 1));
                let problem = &receipt.problems()[0];
                assert_eq!((problem.name(), problem.outcome()), ("gone", &Outcome::Dropped));
            }
            let stats = bus.stats();
            assert!(stats.subscription("gone").is_none());
            assert_eq!((stats.ended.matched, stats.ended.dropped), (3, 3));
            assert_eq!(bus.stream("desk").emit_go(9_u64).await.reached(), 1);
            drop(other);
        });
    }
}

#[test]
fn an_idle_subscription_of_a_dropped_runtime_ends_with_its_next_event() {
    trial().run(async |bus, _| {
        let gone = runtime(1);
        {
            let _inside = gone.enter();
            bus.subscribe::<Go>().handle(async |_: Event<Go>| {}).detach();
        }
        gone.shutdown_background();
        let receipt = bus.stream("desk").emit_go(1_u64).await;
        assert_eq!((receipt.reached(), receipt.problems()[0].outcome()), (1, &Outcome::Dropped));
        assert_eq!(bus.stream("desk").emit_go(2_u64).await.reached(), 0);
        assert_eq!(bus.stats().ended.dropped, 1);
    });
}

#[test]
fn a_handler_dropped_with_its_runtime_may_publish_meanwhile() {
    struct Last(EventBus);
    impl Drop for Last {
        fn drop(&mut self) {
            drop(self.0.stream("last").emit_back(1_u64).send());
        }
    }
    trial().run(async |bus, _| {
        let (gone, inner) = (runtime(1), bus.clone());
        let begun = Notes::<u64>::new();
        {
            let (_inside, notes) = (gone.enter(), begun.clone());
            let handler = move |event: Event<Go>| {
                let last = Last(inner.clone());
                notes.add(event.n);
                async move {
                    std::future::pending::<()>().await;
                    drop(last);
                }
            };
            bus.subscribe::<Go>().handle(handler).detach();
        }
        let heard = bus.wait_for::<Back>();
        drop(bus.stream("desk").emit_go(1_u64).send());
        while begun.all().is_empty() {
            tokio::task::yield_now().await;
        }
        gone.shutdown_background();
        assert_eq!(heard.await.unwrap().stream(), "last");
    });
}

#[test]
fn a_runtime_dropped_while_its_handlers_wait_frees_their_waiters() {
    threaded(1).run(async |bus, steps| {
        let gone = runtime(1);
        {
            let (_inside, inner) = (gone.enter(), bus.clone());
            let handler = move |_: Event<Go>| {
                let bus = inner.clone();
                async move { drop(bus.wait_for::<Back>().await) }
            };
            bus.subscribe::<Go>().name("waits").handle(handler).detach();
        }
        let first = bus.stream("desk").emit_go(1_u64).send();
        while bus.stats().subscriptions.len() < 2 {
            tokio::task::yield_now().await;
        }
        let second = bus.stream("desk").emit_go(2_u64).send();
        gone.shutdown_background();
        steps.at("both are reported");
        first.finished().await;
        second.finished().await;
        while !bus.stats().subscriptions.is_empty() {
            settle().await;
        }
        assert_eq!(bus.stats().ended.dropped, 2);
    });
}
