//! The stats are one consistent snapshot, serializable and exact.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::sync::Arc;

use bus_core::{AgentEvent, BoxError, Event, Overflow};
use common::{ON_PURPOSE, check_accounts, settle, threaded, trial};
use serde_json::json;
use tokio::sync::Semaphore;

#[derive(AgentEvent)]
enum Count {
    One { n: u64 },
    Two,
}

#[test]
fn they_count_by_kind_and_by_subscription() {
    trial().run(async |bus, _| {
        let gate = Arc::new(Semaphore::new(0));
        let inner = Arc::clone(&gate);
        let slow =
            bus.subscribe::<One>().name("slow").capacity(2).hard_limit(2).handle(move |_: Event<One>| {
                let gate = Arc::clone(&inner);
                async move { gate.acquire().await.unwrap().forget() }
            });
        let _quick = bus.subscribe::<(One, Two)>().name("quick").handle_sync(|_| {});
        for n in 0..5 {
            drop(bus.stream("desk").emit_one(n).send());
        }
        drop(bus.stream("desk").emit_two().send());
        settle().await;
        let stats = bus.stats();
        assert_eq!((stats.published["one"], stats.published["two"], stats.published_total), (5, 1, 6));
        assert_eq!((stats.kept, stats.subscriptions.len()), (6, 2));
        let row = stats.subscription("slow").unwrap();
        assert_eq!((row.id, row.running, row.waiting, row.lag), (slow.id(), 1, 2, 5));
        assert_eq!((row.counts.matched, row.counts.overflowed, row.overflow), (5, 2, Overflow::Wait));
        assert!(row.subscribed_at.contains("stats.rs:"));
        assert_eq!(stats.subscription("quick").unwrap().counts.handled, 6);
        let json = serde_json::to_value(&stats).unwrap();
        assert_eq!(json["published"], json!({ "one": 5, "two": 1 }));
        assert_eq!(json["subscriptions"][0]["name"], "slow");
        assert_eq!(
            (&json["subscriptions"][0]["waiting"], &json["subscriptions"][0]["matched"]),
            (&json!(2), &json!(5))
        );
        gate.add_permits(9);
        drop(slow);
        settle().await;
        let ended = bus.stats().ended;
        assert_eq!((ended.matched, ended.handled, ended.overflowed, ended.dropped), (5, 1, 2, 2));
    });
}

#[test]
fn the_stats_add_up_at_any_moment() {
    threaded(2).run(async |bus, steps| {
        // Every outcome, with subscriptions that come and go, while another thread reads the stats.
        let looking = bus.clone();
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let look = std::thread::spawn(move || {
            let mut looks = 0;
            while stopped.try_recv().is_err() {
                check_accounts(&looking.stats());
                looks += 1;
            }
            looks
        });
        let fate = |event: Event<One>| async move {
            match event.n % 5 {
                0 => tokio::task::yield_now().await,
                1 => return Err(BoxError::from("no")),
                2 => assert_eq!(event.n, 0, "{ON_PURPOSE}"),
                3 => std::future::pending().await,
                _ => {}
            }
            Ok(())
        };
        for round in 0..20 {
            steps.at(format!("round {round}"));
            let timeout = std::time::Duration::from_millis(1);
            let own = bus.subscribe::<One>().capacity(4).hard_limit(8).timeout(timeout).handle(fate);
            let many = bus.subscribe::<One>().concurrency(3).capacity(4).timeout(timeout).handle(fate);
            let sync = bus.subscribe::<One>().handle_sync(|event| assert!(event.n % 3 > 0, "{ON_PURPOSE}"));
            let stream = bus.subscribe::<One>().capacity(4).into_stream().with_gaps();
            let first = bus.wait_for::<One>();
            let sent: Vec<_> = (0..50).map(|n| bus.stream("desk").emit_one(n).send()).collect();
            drop(sent.into_iter().next_back().unwrap().finished().await);
            bus.stream("desk").emit_one(4_u64).await;
            drop((own, stream, first));
            assert!(bus.unsubscribe(many.id()));
            drop(sync);
        }
        stop.send(()).unwrap();
        assert!(look.join().unwrap() > 0);
        let ended = bus.stats().ended;
        for count in [ended.failed, ended.panicked, ended.timed_out, ended.overflowed, ended.dropped] {
            assert!(count > 0, "{ended:?}");
        }
    });
}

#[test]
fn kinds_from_outside_are_bounded_in_number() {
    trial().with(|bus| bus.history(1)).run(async |bus, _| {
        for n in 0..5_000 {
            bus.stream("desk").emit_dynamic(format!("kind_{n}"), json!({})).await;
        }
        let stats = bus.stats();
        assert_eq!(stats.published_total, 5_000);
        assert_eq!(stats.published.values().sum::<u64>(), 5_000);
        assert!(stats.published.len() < 4_200);
        // A kind that is named in a query is still found.
        let mut stream = bus.subscribe_any().kinds(["kind_4999"]).into_stream().with_gaps();
        bus.stream("desk").emit_dynamic("kind_4999", json!({})).await;
        assert_eq!(stream.recv().await.unwrap().unwrap().kind(), "kind_4999");
    });
}

async fn quick(_: Event<One>) {}

#[test]
fn each_outcome_is_counted_under_the_name_of_its_subscription() {
    trial().paused().run(async |bus, _| {
        let limit = std::time::Duration::from_secs(1);
        let wanted = |name: &'static str| bus.subscribe::<One>().name(name);
        let fails = wanted("fails").handle(async |_: Event<One>| Err::<(), BoxError>("no".into()));
        let panics = wanted("panics").handle_sync(|_| -> () { panic!("{ON_PURPOSE}") });
        let hangs = wanted("hangs").timeout(limit).handle(|_: Event<One>| std::future::pending::<()>());
        let by_path = bus.subscribe::<One>().handle(quick);
        let by_place = bus.subscribe::<One>().handle_sync(|_| {});
        for n in 0..2 {
            bus.stream("desk").emit_one(n).await;
        }
        let stats = bus.stats();
        let counts = |name: &str| stats.subscription(name).unwrap().counts;
        assert_eq!((counts("fails").failed, counts("fails").settled()), (2, 2));
        assert_eq!((counts("panics").panicked, counts("panics").settled()), (2, 2));
        assert_eq!((counts("hangs").timed_out, counts("hangs").settled()), (2, 2));
        // A function is named by its path, a closure by its location.
        let names: Vec<_> = stats.subscriptions[3..].iter().map(|row| (row.id, row.name.as_str())).collect();
        assert_eq!(names[0], (by_path.id(), "stats::quick"));
        assert!(
            names[1].0 == by_place.id() && names[1].1.starts_with("bus-core/tests/stats.rs:"),
            "{names:?}"
        );
        assert_eq!(stats.subscription("stats::quick").unwrap().counts.handled, 2);
        drop((fails, panics, hangs));
        let ended = bus.stats().ended;
        assert_eq!((ended.matched, ended.failed, ended.panicked, ended.timed_out), (6, 2, 2, 2));
    });
}

#[test]
fn a_kind_that_was_never_published_is_left_out_and_unmatched_events_are_counted_apart() {
    trial().with(|bus| bus.history(0)).run(async |bus, _| {
        let guard = bus.subscribe::<One>().handle_sync(|_| {});
        bus.stream("desk").emit_one(1_u64).await;
        bus.stream("desk").emit_two().await;
        drop(guard);
        bus.stream("desk").emit_one(2_u64).await;
        let stats = bus.stats();
        assert_eq!(stats.published, [("one".to_owned(), 1)].into());
        assert_eq!((stats.published_total, stats.discarded, stats.refused), (1, 2, 0));
    });
}
