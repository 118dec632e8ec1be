//! Waiting for one event: from the moment the wait is made, the first of several, and with a time
//! limit if asked for.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::time::Duration;

use bus_core::{AgentEvent, WaitError};
use common::{poll_once, settle, threaded, trial};

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
fn a_wait_returns_the_first_of_several_events() {
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
fn a_timeout_ends_the_wait_and_zero_only_checks_past_events() {
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
        // Nothing remains.
        assert!(bus.stats().subscriptions.is_empty());
    });
}

#[test]
fn a_wait_ends_with_the_bus() {
    trial().run(async |_, steps| {
        let bus = bus_core::EventBus::new();
        let wait = tokio::spawn(bus.wait_for::<Ready>());
        settle().await;
        steps.at("the last handle goes");
        drop(bus);
        assert_eq!(wait.await.unwrap().unwrap_err(), WaitError::Closed);
    });
}

#[test]
fn waits_on_other_threads_are_woken() {
    threaded(2).run(async |bus, steps| {
        for n in 0..200 {
            let wait = tokio::spawn(bus.wait_for::<Ready>());
            let other = bus.clone();
            let send = std::thread::spawn(move || drop(other.stream("desk").emit_ready(n).send()));
            steps.at(format!("round {n}"));
            assert_eq!(wait.await.unwrap().unwrap().n, n);
            send.join().unwrap();
        }
    });
}

#[test]
fn a_wait_may_have_every_filter_that_there_is() {
    trial().run(async |bus, _| {
        let wanted = bus.subscribe::<(Ready, Other)>().correlation("req-1").attribute("graph_id", "g-1");
        let wait = wanted.filter(|event| event.payload::<Ready>().is_some_and(|ready| ready.n > 1)).first();
        let here = bus.stream("desk").correlation("req-1").attribute("graph_id", "g-1");
        here.correlation("req-2").emit_ready(11_u64).await;
        here.attribute("graph_id", "g-2").emit_ready(12_u64).await;
        here.emit_other().await;
        here.emit_ready(1_u64).await;
        here.emit_ready(2_u64).await;
        assert_eq!(wait.await.unwrap().payload::<Ready>().unwrap().n, 2);
    });
}

#[test]
fn a_kind_that_no_file_declares_is_waited_for_by_name() {
    trial().run(async |bus, _| {
        let wait = bus.subscribe_any().kinds(["vendor_kind", "other_vendor_kind"]).first();
        bus.stream("desk").emit_ready(1_u64).await;
        bus.stream("desk").emit_dynamic("vendor_kind", serde_json::json!({ "n": 1 })).await;
        assert_eq!(wait.await.unwrap().kind(), "vendor_kind");
    });
}

#[test]
fn the_time_counts_from_the_first_poll_and_an_event_before_its_end_is_returned() {
    trial().paused().run(async |bus, _| {
        let (in_vain, answered) = (bus.subscribe::<Other>().first(), bus.wait_for::<Ready>());
        let (in_vain, answered) =
            (in_vain.timeout(Duration::from_secs(5)), answered.timeout(Duration::from_secs(5)));
        bus.stream("desk").emit_ready(1_u64).await;
        tokio::time::advance(Duration::from_mins(1)).await;
        let began = tokio::time::Instant::now();
        assert_eq!(in_vain.await.unwrap_err(), WaitError::TimedOut);
        assert_eq!(began.elapsed(), Duration::from_secs(5));
        assert_eq!(answered.await.unwrap().n, 1);
    });
}

#[test]
fn all_waiters_get_the_same_event() {
    trial().run(async |bus, _| {
        let waits: Vec<_> = (0..100).map(|_| tokio::spawn(bus.wait_for::<Ready>())).collect();
        settle().await;
        assert_eq!(bus.stream("desk").emit_ready(1_u64).await.queued(), 100);
        let held = bus.history().typed::<Ready>().remove(0);
        for wait in waits {
            assert!(std::ptr::eq(&raw const *wait.await.unwrap().unwrap(), &raw const *held));
        }
    });
}

#[test]
fn a_gap_in_history_is_reported_with_the_event_and_ends_no_wait() {
    trial().with(|bus| bus.history(2)).run(async |bus, _| {
        let asked = bus.stream("desk").emit_other().await.id().unwrap();
        for n in 1..=5 {
            bus.stream("desk").emit_ready(n).await;
        }
        let wait = bus.subscribe::<Ready>().since(asked).first();
        let missed = wait.missed().unwrap();
        assert_eq!((missed.missed, missed.from.seq(), missed.to.seq()), (Some(3), 2, 4));
        assert_eq!(wait.await.unwrap().n, 4);
    });
}

#[test]
fn closing_the_bus_ends_every_wait_but_those_that_have_their_event() {
    trial().run(async |bus, steps| {
        let (asleep, unpolled) = (tokio::spawn(bus.wait_for::<Other>()), bus.wait_for::<Other>());
        let (answered, in_time) =
            (bus.wait_for::<Ready>(), bus.wait_for::<Other>().timeout(Duration::from_mins(1)));
        bus.stream("desk").emit_ready(1_u64).await;
        settle().await;
        drop(bus.close(Duration::ZERO));
        steps.at("closed");
        assert_eq!(asleep.await.unwrap().unwrap_err(), WaitError::Closed);
        assert_eq!(unpolled.await.unwrap_err(), WaitError::Closed);
        assert_eq!(in_time.await.unwrap_err(), WaitError::Closed);
        assert_eq!(answered.await.unwrap().n, 1);
    });
}

#[test]
fn a_wait_that_is_dropped_leaves_nothing_behind() {
    trial().run(async |bus, _| {
        drop(bus.wait_for::<Ready>());
        assert!(poll_once(bus.wait_for::<Ready>()).is_pending());
        assert_eq!(bus.stream("desk").emit_ready(1_u64).await.reached(), 0);
        assert!(bus.stats().subscriptions.is_empty());
    });
}
