//! Closing: new events are refused, queues are drained, handlers finish, and the report lists
//! exactly the rest.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bus_core::{AgentEvent, Event, Refused, SubscribeError, WaitError};
use common::{Notes, settle, threaded, trial};
use tokio::sync::Semaphore;

#[derive(AgentEvent)]
enum Shut {
    Job { n: u64 },
    Note { n: u64 },
}

const LONG: Duration = Duration::from_hours(1);

#[test]
fn a_closed_bus_refuses_events_and_subscriptions() {
    trial().run(async |bus, _| {
        // Closed when `close` returns, even if nobody awaits it.
        drop(bus.close(LONG));
        let receipt = bus.stream("desk").emit_job(1_u64).await;
        assert_eq!(receipt.refused(), Some(&Refused::Closed));
        assert_eq!((receipt.id(), receipt.reached(), receipt.is_ok()), (None, 0, false));
        let handler = bus.subscribe::<Job>().try_handle_sync(|_| {});
        assert_eq!(handler.unwrap_err(), SubscribeError::Closed);
        let ended = bus.subscribe::<Job>().handle_sync(|_| {});
        assert!(!bus.unsubscribe(ended.detach()) && bus.stats().subscriptions.is_empty());
        assert!(bus.subscribe::<Job>().into_stream().with_gaps().recv().await.is_none());
        assert_eq!(bus.wait_for::<Job>().await.unwrap_err(), WaitError::Closed);
        assert_eq!((bus.stats().refused, bus.stats().published_total), (1, 0));
    });
}

#[test]
fn a_closed_bus_counts_refused_events_without_subscribers_and_history() {
    trial().with(|bus| bus.history(0).transient_history(0)).run(async |bus, _| {
        assert_eq!(bus.stream("desk").emit_job(1_u64).await.refused(), None);
        assert!(bus.close(LONG).await.is_drained());
        assert_eq!(bus.stream("desk").emit_job(2_u64).await.refused(), Some(&Refused::Closed));
        assert_eq!((bus.stats().discarded, bus.stats().refused), (1, 1));
    });
}

#[test]
fn close_drains_the_queues_and_waits_for_the_handlers() {
    trial().run(async |bus, _| {
        let seen = Notes::<u64>::new();
        let notes = seen.clone();
        let _guard = bus.subscribe::<Job>().handle(move |event: Event<Job>| {
            let notes = notes.clone();
            async move {
                tokio::task::yield_now().await;
                notes.add(event.n);
            }
        });
        for n in 0..100 {
            drop(bus.stream("desk").emit_job(n).send());
        }
        let report = bus.close(LONG).await;
        assert!(report.is_drained() && report.unread.is_empty());
        assert_eq!(seen.all(), (0..100).collect::<Vec<_>>());
    });
}

#[test]
fn close_reports_exactly_the_unfinished_deliveries() {
    trial().paused().run(async |bus, _| {
        let stuck = bus.subscribe::<Job>().name("stuck").handle(|_: Event<Job>| std::future::pending::<()>());
        let mut unread = bus.subscribe::<Job>().name("unread").into_stream().with_gaps();
        for n in 0..4 {
            drop(bus.stream("desk").emit_job(n).send());
        }
        let began = tokio::time::Instant::now();
        let report = bus.close(Duration::from_millis(10)).await;
        assert_eq!(began.elapsed(), Duration::from_millis(10));
        let left: Vec<_> =
            report.left.iter().map(|l| (l.id, l.name.as_str(), l.running, l.waiting)).collect();
        assert_eq!(left, [(stuck.id(), "stuck", 1, 3)]);
        let unread_left: Vec<_> = report.unread.iter().map(|l| (l.name.as_str(), l.waiting)).collect();
        assert_eq!(unread_left, [("unread", 4)]);
        // Waiting events were dropped and counted; streams can be read to their end.
        let counts = bus.stats().subscription("stuck").unwrap().counts;
        assert_eq!((counts.matched, counts.dropped), (4, 3));
        for n in 0..4 {
            assert_eq!(unread.recv().await.unwrap().unwrap().n, n);
        }
        assert!(unread.recv().await.is_none());
    });
}

#[test]
fn a_running_handler_is_in_the_report_after_its_subscription_ended() {
    trial().paused().run(async |bus, _| {
        let guard = bus.subscribe::<Job>().name("stuck").handle(|_: Event<Job>| std::future::pending::<()>());
        drop(bus.stream("desk").emit_job(1_u64).send());
        settle().await;
        drop(guard);
        for _ in 0..2 {
            let report = bus.close(Duration::from_millis(10)).await;
            assert_eq!((report.left[0].name.as_str(), report.left[0].running), ("stuck", 1));
        }
    });
}

#[test]
fn a_timeout_of_zero_reports_at_once() {
    trial().run(async |bus, _| {
        let gate = Arc::new(Semaphore::new(0));
        let inner = Arc::clone(&gate);
        let _guard = bus.subscribe::<Job>().handle(move |_: Event<Job>| {
            let gate = Arc::clone(&inner);
            async move { drop(gate.acquire().await) }
        });
        drop(bus.stream("desk").emit_job(1_u64).send());
        settle().await;
        let report = bus.close(Duration::ZERO).await;
        assert_eq!((report.left[0].running, report.left[0].waiting), (1, 0));
        // Running handlers go on and are counted.
        gate.add_permits(1);
        settle().await;
        assert_eq!(bus.stats().ended.handled, 1);
    });
}

#[test]
fn a_handler_that_closes_the_bus_does_not_wait_for_itself() {
    trial().paused().run(async |bus, _| {
        let (inner, reports) = (bus.clone(), Notes::<(usize, usize)>::new());
        let notes = reports.clone();
        let _guard = bus.subscribe::<Job>().name("closer").handle(move |event: Event<Job>| {
            let (bus, notes) = (inner.clone(), notes.clone());
            async move {
                assert_eq!(event.n, 0);
                let began = tokio::time::Instant::now();
                let report = bus.close(LONG).await;
                assert_eq!(began.elapsed(), Duration::ZERO);
                notes.add((report.left[0].running, report.left[0].waiting));
            }
        });
        for n in 0..3 {
            drop(bus.stream("desk").emit_job(n).send());
        }
        settle().await;
        assert_eq!(reports.all(), [(0, 2)]);
        assert_eq!(bus.stats().ended.dropped, 2);
    });
}

#[test]
fn waits_end_when_the_bus_is_closed() {
    trial().run(async |bus, _| {
        let (wait, mut stream) = (bus.wait_for::<Note>(), bus.subscribe::<Note>().into_stream().with_gaps());
        let reader = tokio::spawn(async move { stream.recv().await.is_none() });
        let waiter = tokio::spawn(wait);
        settle().await;
        assert!(bus.close(LONG).await.is_drained());
        assert!(reader.await.unwrap());
        assert_eq!(waiter.await.unwrap().unwrap_err(), WaitError::Closed);
    });
}

#[test]
fn closing_during_a_flood_loses_no_count() {
    for deadline in [Duration::ZERO, Duration::from_millis(10), Duration::from_secs(10)] {
        threaded(2).run(async move |bus, steps| {
            let (accepted, refused, go) =
                (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(true)));
            for n in 0..3 {
                let work = move |_: Event<Job>| async move {
                    if n > 0 {
                        tokio::task::yield_now().await;
                    }
                };
                bus.subscribe::<Job>().hard_limit(100_000).handle(work).detach();
            }
            bus.subscribe::<Job>().handle_sync(|_| {}).detach();
            let flood: Vec<_> = (0..2)
                .map(|_| {
                    let (desk, accepted, refused, go) =
                        (bus.stream("desk"), Arc::clone(&accepted), Arc::clone(&refused), Arc::clone(&go));
                    std::thread::spawn(move || {
                        while go.load(Ordering::Relaxed) {
                            let closed = desk.emit_job(0_u64).send().receipt().refused().is_some();
                            (if closed { &refused } else { &accepted }).fetch_add(1, Ordering::Relaxed);
                        }
                    })
                })
                .collect();
            while bus.stats().published_total < 500 {
                tokio::task::yield_now().await;
            }
            steps.at("close");
            let report = bus.close(deadline).await;
            go.store(false, Ordering::Relaxed);
            for thread in flood {
                thread.join().unwrap();
            }
            steps.at("what was at work goes on to its end");
            while bus.stats().subscriptions.iter().any(|left| left.running > 0) {
                tokio::task::yield_now().await;
            }
            let stats = bus.stats();
            assert_eq!(stats.published_total, accepted.load(Ordering::Relaxed));
            assert_eq!(stats.refused, refused.load(Ordering::Relaxed));
            let waiting: usize = report.left.iter().map(|left| left.waiting).sum();
            // Every matched event is handled, or dropped exactly as reported.
            let all = stats.subscriptions.iter().map(|s| s.counts).chain([stats.ended]);
            let (matched, dropped) =
                all.fold((0, 0), |sum, counts| (sum.0 + counts.matched, sum.1 + counts.dropped));
            assert_eq!(matched, 4 * stats.published_total);
            assert_eq!(dropped, waiting as u64);
        });
    }
}

#[test]
fn emits_of_handlers_while_the_bus_drains_are_refused_and_counted() {
    trial().run(async |bus, _| {
        let (desk, refused) = (bus.stream("desk"), Notes::<u64>::new());
        let notes = refused.clone();
        let _guard = bus.subscribe::<Job>().handle(move |event: Event<Job>| {
            let (desk, notes) = (desk.clone(), notes.clone());
            async move {
                tokio::task::yield_now().await;
                if desk.emit_note(event.n).await.refused() == Some(&Refused::Closed) {
                    notes.add(event.n);
                }
            }
        });
        for n in 0..3 {
            drop(bus.stream("desk").emit_job(n).send());
        }
        assert!(bus.close(LONG).await.is_drained());
        assert_eq!((refused.all(), bus.stats().refused), (vec![0, 1, 2], 3));
    });
}

#[test]
fn closing_ends_the_wait_of_a_handler_and_so_drains_it() {
    trial().paused().run(async |bus, _| {
        let (inner, errors) = (bus.clone(), Notes::<WaitError>::new());
        let notes = errors.clone();
        let _guard = bus.subscribe::<Job>().handle(move |_: Event<Job>| {
            let (wait, notes) = (inner.wait_for::<Note>(), notes.clone());
            async move { notes.add(wait.await.unwrap_err()) }
        });
        drop(bus.stream("desk").emit_job(1_u64).send());
        settle().await;
        let began = tokio::time::Instant::now();
        assert!(bus.close(LONG).await.is_drained());
        assert_eq!((errors.all(), began.elapsed()), (vec![WaitError::Closed], Duration::ZERO));
    });
}

#[test]
fn a_sync_handler_that_runs_on_another_thread_is_waited_for() {
    trial().run(async |bus, steps| {
        let ((began, begins), (go, gate)) = (std::sync::mpsc::channel(), std::sync::mpsc::channel::<()>());
        let _guard = bus.subscribe::<Job>().handle_sync(move |_| {
            began.send(()).unwrap();
            gate.recv().unwrap();
        });
        let desk = bus.stream("desk");
        let sender = std::thread::spawn(move || drop(desk.emit_job(1_u64).send()));
        begins.recv().unwrap();
        let closing = tokio::spawn(bus.close(LONG));
        settle().await;
        assert!(!closing.is_finished());
        go.send(()).unwrap();
        steps.at("the handler goes on");
        assert!(closing.await.unwrap().is_drained());
        sender.join().unwrap();
    });
}

#[test]
fn a_handler_that_waits_for_a_permit_is_reported_as_waiting_and_dropped() {
    trial().with(|bus| bus.max_concurrent_handlers(1)).run(async |bus, _| {
        let gate = Arc::new(Semaphore::new(0));
        for name in ["at work", "without a permit"] {
            let gate = Arc::clone(&gate);
            let handler = move |_: Event<Job>| {
                let gate = Arc::clone(&gate);
                async move { gate.acquire().await.unwrap().forget() }
            };
            bus.subscribe::<Job>().name(name).handle(handler).detach();
        }
        drop(bus.stream("desk").emit_job(1_u64).send());
        settle().await;
        let report = bus.close(Duration::ZERO).await;
        let left: Vec<_> = report.left.iter().map(|l| (l.name.as_str(), l.running, l.waiting)).collect();
        assert_eq!(left, [("at work", 1, 0), ("without a permit", 0, 1)]);
        gate.add_permits(9);
        settle().await;
        assert_eq!((bus.stats().ended.handled, bus.stats().ended.dropped), (1, 1));
    });
}

#[test]
fn closing_again_waits_again() {
    trial().paused().run(async |bus, _| {
        let gate = Arc::new(Semaphore::new(0));
        let inner = Arc::clone(&gate);
        let _guard = bus.subscribe::<Job>().name("late").handle(move |_: Event<Job>| {
            let gate = Arc::clone(&inner);
            async move { gate.acquire().await.unwrap().forget() }
        });
        for n in 0..2 {
            drop(bus.stream("desk").emit_job(n).send());
        }
        let mut unread = bus.subscribe::<Note>().name("unread").into_stream().with_gaps();
        drop(bus.stream("desk").emit_note(1_u64).send());
        let report = bus.close(Duration::from_millis(10)).await;
        assert_eq!(report.to_string(), "not drained; late had 1 at work and 1 waiting; unread has 1 unread");
        assert_eq!(unread.recv().await.unwrap().unwrap().n, 1);
        gate.add_permits(1);
        let report = bus.close(LONG).await;
        assert_eq!((report.is_drained(), report.to_string()), (true, "drained".to_owned()));
    });
}
