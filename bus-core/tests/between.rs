//! Between two events an async handler is as if it had just been subscribed: it holds no permit,
//! keeps nothing alive, and has no state of the last event.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;
#[path = "common/group.rs"]
mod group;

use std::sync::{Arc, Weak};
use std::time::Duration;

use bus_core::{AnyEvent, BoxError, Event, EventBus, EventId, Outcome, Overflow};
use common::{Notes, ON_PURPOSE, block_on, check_accounts, settle, threaded, trial};
use group::{Call, ManyEmit, Member, Sort};
use tokio::runtime::Handle;

const OWN: [Sort; 3] = [Sort::Ready, Sort::Yields, Sort::Three];

/// A handler with a value whose drop the test sees.
fn owner(bus: &EventBus, sort: Sort) -> (bus_core::Subscription, Weak<()>) {
    let owned = Arc::new(());
    let weak = Arc::downgrade(&owned);
    let act = move |_: &AnyEvent| {
        let _ = &owned;
        Ok(())
    };
    (Member::new(0, sort).subscribe(bus, Arc::new(act)), weak)
}

/// Some events, of each of which nothing remains.
async fn few(bus: &EventBus) {
    for n in 0..3 {
        assert_eq!(bus.stream("desk").emit_call(n).await.handled(), 1);
        assert_eq!(bus.stream("desk").emit_call(n).send().finished().await.handled(), 1);
    }
    settle().await;
}

#[test]
fn an_idle_handler_ends_with_its_guard_and_leaves_no_task() {
    trial().run(async |bus, steps| {
        let tasks = || Handle::current().metrics().num_alive_tasks();
        let before = tasks();
        for sort in OWN {
            for by_id in [false, true] {
                steps.at(format!("{sort:?}, by id {by_id}"));
                let (guard, weak) = owner(&bus, sort);
                few(&bus).await;
                if by_id {
                    assert!(bus.unsubscribe(guard.id()));
                }
                drop(guard);
                settle().await;
                assert_eq!((weak.strong_count(), tasks()), (0, before));
            }
        }
    });
}

#[test]
fn idle_handlers_end_with_the_last_handle() {
    trial().run(async |_, steps| {
        let tasks = || Handle::current().metrics().num_alive_tasks();
        let before = tasks();
        for sort in OWN {
            steps.at(format!("{sort:?}"));
            let bus = EventBus::new();
            let (guard, weak) = owner(&bus, sort);
            few(&bus).await;
            guard.detach();
            drop(bus);
            settle().await;
            assert_eq!((weak.strong_count(), tasks()), (0, before));
        }
    });
}

#[test]
fn a_closed_bus_does_not_wait_for_idle_handlers() {
    trial().paused().run(async |bus, _| {
        let handlers: Vec<_> = OWN.iter().map(|sort| owner(&bus, *sort)).collect();
        for n in 0..3 {
            bus.stream("desk").emit_call(n).send().finished().await;
        }
        let began = tokio::time::Instant::now();
        assert!(bus.close(Duration::from_hours(1)).await.is_drained());
        assert_eq!(began.elapsed(), Duration::ZERO);
        drop(handlers);
    });
}

#[test]
fn a_runtime_dropped_between_events_ends_its_handlers() {
    threaded(1).run(async |bus, steps| {
        for sort in OWN {
            steps.at(format!("{sort:?}"));
            let other =
                tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            let (guard, weak) = {
                let _there = other.enter();
                owner(&bus, sort)
            };
            for n in 0..4 {
                let emit = bus.stream("desk").emit_call(n);
                assert_eq!(other.spawn(emit.into_future()).await.unwrap().handled(), 1);
                assert_eq!(bus.stream("desk").emit_call(n).send().finished().await.handled(), 1);
            }
            tokio::task::spawn_blocking(move || drop(other)).await.unwrap();
            steps.at("it is gone");
            let receipt = bus.stream("desk").emit_call(9_u64).await;
            assert_eq!(receipt.handled(), 0, "{receipt:?}");
            // Reported as dropped, or not reached any more.
            let all_dropped = receipt.problems().iter().all(|one| *one.outcome() == Outcome::Dropped);
            assert!(all_dropped && receipt.problems().len() == receipt.reached(), "{receipt:?}");
            assert_eq!(bus.stream("desk").emit_call(10_u64).await.reached(), 0, "it has ended");
            drop(guard);
            assert_eq!(weak.strong_count(), 0);
            check_accounts(&bus.stats());
        }
    });
}

#[test]
fn the_outcome_of_one_event_does_not_affect_the_next() {
    trial().paused().run(async |bus, steps| {
        let limit = Duration::from_secs(1);
        let causes = Notes::<(u64, Option<EventId>)>::new();
        let (desk, notes) = (bus.stream("desk"), causes.clone());
        let handler = move |event: Event<Call>| {
            let (desk, notes) = (desk.clone(), notes.clone());
            async move {
                tokio::task::yield_now().await;
                let echo = desk.emit_echo(event.n).await.id().unwrap();
                notes.add((event.n, Some(echo)));
                match event.n % 4 {
                    0 => std::future::pending().await,
                    1 => panic!("{ON_PURPOSE}"),
                    2 => Err(BoxError::from("no")),
                    _ => Ok(()),
                }
            }
        };
        let _guard = bus.subscribe::<Call>().name("moody").timeout(limit).handle(handler);
        for awaits in [true, false] {
            steps.at(format!("awaits {awaits}"));
            let began = tokio::time::Instant::now();
            let mut receipts = Vec::new();
            if awaits {
                for n in 0..12 {
                    receipts.push(bus.stream("desk").emit_call(n).await);
                }
            } else {
                let sent: Vec<_> = (0..12).map(|n| bus.stream("desk").emit_call(n).send()).collect();
                for sent in sent {
                    receipts.push(sent.finished().await);
                }
            }
            // Only a handler that hangs times out, after its own full time.
            assert_eq!(began.elapsed(), limit * 3);
            for (n, receipt) in receipts.iter().enumerate() {
                let outcome = receipt.problems().first().map(bus_core::Problem::outcome);
                let is_right = match n % 4 {
                    0 => outcome == Some(&Outcome::TimedOut),
                    1 => outcome == Some(&Outcome::Panicked(ON_PURPOSE.into())),
                    2 => outcome == Some(&Outcome::Failed("no".into())),
                    _ => outcome.is_none() && receipt.handled() == 1,
                };
                assert!(is_right, "{n}: {receipt:?}");
            }
        }
        let counts = bus.stats().subscription("moody").unwrap().counts;
        assert_eq!((counts.timed_out, counts.panicked, counts.failed, counts.handled), (6, 6, 6, 6));
        // The events of a handler are caused by its current event.
        let history = bus.history().limit(usize::MAX).oldest_first().collect();
        for (n, echo) in causes.all() {
            let echo = history.iter().find(|event| Some(event.id()) == echo).unwrap();
            let cause = history.iter().find(|event| Some(event.id()) == echo.causation()).unwrap();
            assert_eq!(cause.payload::<Call>().unwrap().n, n);
        }
    });
}

#[test]
fn permits_and_queues_are_free_between_events() {
    trial().with(|bus| bus.max_concurrent_handlers(1)).run(async |bus, steps| {
        let seen = Notes::<(usize, u64)>::new();
        for index in 0..6 {
            let notes = seen.clone();
            bus.subscribe::<Call>()
                .capacity(2)
                .overflow(Overflow::Wait)
                .handle(move |event: Event<Call>| {
                    let notes = notes.clone();
                    async move {
                        if index % 2 == 0 {
                            tokio::task::yield_now().await;
                        }
                        notes.add((index, event.n));
                    }
                })
                .detach();
        }
        for n in 0..40 {
            steps.at(format!("event {n}"));
            let emit = bus.stream("desk").emit_call(n);
            match n % 3 {
                0 => assert_eq!(emit.await.handled(), 6),
                1 => assert_eq!(emit.send().finished().await.handled(), 6),
                _ => {
                    let thread = tokio::task::spawn_blocking(move || block_on(emit));
                    assert_eq!(thread.await.unwrap().handled(), 6);
                }
            }
            let stats = bus.stats();
            assert!(stats.subscriptions.iter().all(|one| one.running + one.waiting == 0));
        }
        for index in 0..6 {
            let got: Vec<_> = seen.all().iter().filter(|one| one.0 == index).map(|one| one.1).collect();
            assert_eq!(got, (0..40).collect::<Vec<_>>());
        }
    });
}
