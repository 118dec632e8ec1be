//! `max_concurrent_handlers` limits the number of running async handlers over the whole bus.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bus_core::{AgentEvent, BuildError, Event, EventBus};
use common::{Notes, audited, settle, threaded, trial};

#[derive(AgentEvent)]
enum Load {
    Work { n: u64 },
    Inner { n: u64 },
}

/// The number of handlers inside, and the maximum so far.
#[derive(Clone, Default)]
struct Gauge(Arc<(AtomicUsize, AtomicUsize)>);

impl Gauge {
    fn enter(&self) {
        let now = self.0.0.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.1.fetch_max(now, Ordering::SeqCst);
    }

    fn leave(&self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }

    fn most(&self) -> usize {
        self.0.1.load(Ordering::SeqCst)
    }
}

#[test]
fn no_more_handlers_run_than_the_limit_allows() {
    for limit in [1, 2, 10] {
        threaded(2).with(|bus| bus.max_concurrent_handlers(limit)).run(async move |bus, _| {
            let gauge = Gauge::default();
            for _ in 0..30 {
                let inner = gauge.clone();
                let handler = move |_: Event<Work>| {
                    let gauge = inner.clone();
                    async move {
                        gauge.enter();
                        for _ in 0..3 {
                            tokio::task::yield_now().await;
                        }
                        gauge.leave();
                    }
                };
                bus.subscribe::<Work>().concurrency(2).handle(handler).detach();
            }
            let sent: Vec<_> = (0..20).map(|n| bus.stream("desk").emit_work(n).send()).collect();
            for sent in sent {
                assert_eq!(sent.finished().await.handled(), 30);
            }
            assert_eq!(gauge.most(), limit);
        });
    }
}

#[test]
fn ten_handlers_run_at_once_unless_set() {
    trial().run(async |bus, _| {
        let gauge = Gauge::default();
        for _ in 0..15 {
            let inner = gauge.clone();
            let handler = move |_: Event<Work>| {
                let gauge = inner.clone();
                async move {
                    gauge.enter();
                    settle().await;
                    gauge.leave();
                }
            };
            bus.subscribe::<Work>().handle(handler).detach();
        }
        assert_eq!(bus.stream("desk").emit_work(0_u64).await.handled(), 15);
        assert_eq!(gauge.most(), 10);
    });
}

#[test]
fn a_limit_of_zero_is_refused() {
    let built = EventBus::builder().max_concurrent_handlers(0).build();
    assert_eq!(built.unwrap_err(), BuildError::ZeroLimit("max_concurrent_handlers"));
}

#[test]
fn a_handler_that_waits_in_an_emit_holds_no_permit() {
    trial().with(|bus| bus.max_concurrent_handlers(1)).run(async |bus, _| {
        let desk = bus.stream("desk");
        let _outer = bus.subscribe::<Work>().handle(move |event: Event<Work>| {
            let desk = desk.clone();
            async move {
                tokio::task::yield_now().await;
                assert_eq!(desk.emit_inner(event.n).await.handled(), 1);
            }
        });
        let _inner = bus.subscribe::<Inner>().handle(async |_: Event<Inner>| tokio::task::yield_now().await);
        assert_eq!(bus.stream("desk").emit_work(1_u64).await.handled(), 1);
    });
}

#[test]
fn a_handler_that_waits_in_another_bus_holds_no_permit_either() {
    trial().with(|bus| bus.max_concurrent_handlers(1)).run(async |bus, _| {
        // local → central → local: the permit of the local bus is needed again on the way.
        let central = audited(EventBus::builder().max_concurrent_handlers(1).build().unwrap());
        let (to, back) = (central.stream("central"), bus.stream("local"));
        let _out = bus.subscribe::<Work>().handle(move |event: Event<Work>| {
            let to = to.clone();
            async move { drop(to.emit_work(event.n).await) }
        });
        let _through = central.subscribe::<Work>().handle(move |event: Event<Work>| {
            let back = back.clone();
            async move { drop(back.emit_inner(event.n).await) }
        });
        let _home = bus.subscribe::<Inner>().handle(async |_: Event<Inner>| tokio::task::yield_now().await);
        assert_eq!(bus.stream("desk").emit_work(1_u64).await.handled(), 1);
        common::check_accounts(&central.stats());
    });
}

#[test]
fn a_poll_that_does_not_wait_keeps_the_permit() {
    trial().with(|bus| bus.max_concurrent_handlers(1)).run(async |bus, _| {
        let (gauge, outer) = (Gauge::default(), bus.clone());
        for _ in 0..3 {
            let (inner, bus) = (gauge.clone(), outer.clone());
            let handler = move |_: Event<Work>| {
                let (gauge, bus) = (inner.clone(), bus.clone());
                async move {
                    gauge.enter();
                    let mut stream = bus.subscribe::<Inner>().into_stream().with_gaps();
                    assert!(stream.try_recv().is_none());
                    assert!(bus.wait_for::<Inner>().timeout(Duration::ZERO).await.is_err());
                    settle().await;
                    gauge.leave();
                }
            };
            outer.subscribe::<Work>().handle(handler).detach();
        }
        assert_eq!(bus.stream("desk").emit_work(0_u64).await.handled(), 3);
        assert_eq!(gauge.most(), 1);
    });
}

#[test]
fn a_long_backlog_does_not_keep_others_from_a_permit() {
    trial().with(|bus| bus.max_concurrent_handlers(1)).run(async |bus, _| {
        let done = Notes::<String>::new();
        for name in ["long", "short"] {
            let notes = done.clone();
            bus.subscribe::<Work>()
                .stream(name)
                .handle(move |event: Event<Work>| {
                    let notes = notes.clone();
                    async move {
                        tokio::task::yield_now().await;
                        notes.add(format!("{name} {}", event.n));
                    }
                })
                .detach();
        }
        for n in 0..50 {
            drop(bus.stream("long").emit_work(n).send());
        }
        tokio::task::yield_now().await;
        bus.stream("short").emit_work(0_u64).await;
        let at = done.all().iter().position(|note| note == "short 0").unwrap();
        assert!(at < 45, "after {at} of the others");
        assert!(bus.close(Duration::from_mins(2)).await.is_drained());
    });
}

#[test]
fn permits_return_when_a_runtime_is_dropped_with_handlers_that_hold_or_await_them() {
    trial().with(|bus| bus.max_concurrent_handlers(2)).run(async |bus, steps| {
        let gone = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        {
            let _inside = gone.enter();
            for _ in 0..5 {
                bus.subscribe::<Work>()
                    .name("gone")
                    .handle(|_: Event<Work>| std::future::pending::<()>())
                    .detach();
            }
        }
        let sent = bus.stream("desk").emit_work(0_u64).send();
        while bus.stats().subscriptions.len() < 5 || sent.receipt().reached() < 5 {
            tokio::task::yield_now().await;
        }
        steps.at("shut down");
        gone.shutdown_background();
        assert_eq!(sent.finished().await.problems().len(), 5);
        assert_eq!(bus.stats().ended.dropped, 5);
        steps.at("both permits are free again");
        let gauge = Gauge::default();
        for _ in 0..4 {
            let inner = gauge.clone();
            let handler = move |_: Event<Inner>| {
                let gauge = inner.clone();
                async move {
                    gauge.enter();
                    settle().await;
                    gauge.leave();
                }
            };
            bus.subscribe::<Inner>().handle(handler).detach();
        }
        assert_eq!(bus.stream("desk").emit_inner(0_u64).await.handled(), 4);
        assert_eq!(gauge.most(), 2);
    });
}

#[test]
fn an_expired_wait_releases_no_permit() {
    trial().paused().with(|bus| bus.max_concurrent_handlers(1)).run(async |bus, _| {
        let gauge = Gauge::default();
        for _ in 0..2 {
            let (inner, outer) = (gauge.clone(), bus.clone());
            let handler = move |_: Event<Work>| {
                let (gauge, bus) = (inner.clone(), outer.clone());
                async move {
                    let wait = bus.wait_for::<Inner>().timeout(Duration::from_secs(1));
                    assert!(wait.await.is_err());
                    gauge.enter();
                    tokio::time::advance(Duration::from_secs(1)).await;
                    settle().await;
                    gauge.leave();
                }
            };
            bus.subscribe::<Work>().handle(handler).detach();
        }
        bus.stream("desk").emit_work(0_u64).send().finished().await;
        // Time is paused: this moves it past the wait, and takes none.
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert!(bus.close(Duration::from_mins(1)).await.is_drained());
        assert_eq!(gauge.most(), 1);
    });
}
