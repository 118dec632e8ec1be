//! Waiting for one event: from the moment the wait is made, the first of several, and never for ever unless asked to.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::time::Duration;

use bus_core::{AgentEvent, WaitError};
use common::{settle, threaded, trial};

#[derive(AgentEvent)]
enum Wait {
    Ready { n: u64 },
    Other,
}

#[test]
fn a_wait_begins_when_it_is_made_and_not_when_it_is_polled() {
    trial().run(async |bus, _| {
        let wait = bus.wait_for::<Ready>();
        bus.stream("desk").emit_ready(1_u64).await;
        assert_eq!(wait.await.unwrap().n, 1);
    });
}

#[test]
fn of_several_events_the_first_is_given() {
    trial().run(async |bus, _| {
        let wait = bus.wait_for::<Ready>();
        for n in 1..=3 {
            bus.stream("desk").emit_ready(n).await;
        }
        assert_eq!(wait.await.unwrap().n, 1);
        let ended = bus.stats().ended;
        assert_eq!((ended.matched, ended.handled), (1, 1), "it takes no more than one");
    });
}

#[test]
fn a_wait_takes_the_filters_of_any_subscription() {
    trial().run(async |bus, _| {
        let wait = |stream: &str, node: &str, execution: &str| {
            bus.subscribe::<(Ready, Other)>().stream(stream).node(node).execution(execution).first()
        };
        let (hit, miss) =
            (wait("s", "n", "x"), [wait("t", "n", "x"), wait("s", "m", "x"), wait("s", "n", "y")]);
        bus.stream("s").node("n").execution("x").emit_ready(1_u64).await;
        assert_eq!(hit.await.unwrap().kind(), "ready");
        for wait in miss {
            assert_eq!(wait.timeout(Duration::ZERO).await.unwrap_err(), WaitError::TimedOut);
        }
    });
}

#[test]
fn a_timeout_ends_the_wait_and_zero_asks_only_for_what_has_happened() {
    trial().paused().run(async |bus, _| {
        let began = tokio::time::Instant::now();
        let wait = bus.wait_for::<Ready>().timeout(Duration::from_secs(5));
        assert_eq!(wait.await.unwrap_err(), WaitError::TimedOut);
        assert_eq!(began.elapsed(), Duration::from_secs(5));
        assert_eq!(bus.wait_for::<Ready>().timeout(Duration::ZERO).await.unwrap_err(), WaitError::TimedOut);
        assert_eq!(began.elapsed(), Duration::from_secs(5));
        let wait = bus.wait_for::<Ready>();
        bus.stream("desk").emit_ready(1_u64).await;
        assert_eq!(wait.timeout(Duration::ZERO).await.unwrap().n, 1);
        // Nothing is left behind.
        assert!(bus.stats().subscriptions.is_empty());
    });
}

#[test]
fn a_wait_ends_with_the_bus() {
    trial().run(async |_, stand| {
        let bus = bus_core::EventBus::new();
        let wait = tokio::spawn(bus.wait_for::<Ready>());
        settle().await;
        stand.at("the last handle goes");
        drop(bus);
        assert_eq!(wait.await.unwrap().unwrap_err(), WaitError::Closed);
    });
}

#[test]
fn waits_on_other_threads_are_woken() {
    threaded(2).run(async |bus, stand| {
        for n in 0..200 {
            let wait = tokio::spawn(bus.wait_for::<Ready>());
            let other = bus.clone();
            let send = std::thread::spawn(move || drop(other.stream("desk").emit_ready(n).send()));
            stand.at(format!("round {n}"));
            assert_eq!(wait.await.unwrap().unwrap().n, n);
            send.join().unwrap();
        }
    });
}
