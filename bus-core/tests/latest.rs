//! Latest values: the newest event of a sticky kind in each scope, asked for and subscribed to.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::collections::HashSet;
use std::time::Duration;

use bus_core::{AgentEvent, EventBus, EventsAndGaps, SubscribeError, WaitError};
use common::{Notes, log, threaded, trial};
use serde_json::json;

#[derive(AgentEvent)]
enum Values {
    #[event(sticky)]
    Progress {
        n: u64,
    },
    #[event(sticky, transient)]
    Mood {
        n: u64,
    },
    Plain {
        n: u64,
    },
}

fn number(event: &bus_core::Event<Values>) -> u64 {
    match event.view() {
        ValuesRef::Progress(event) => event.n,
        ValuesRef::Mood(event) => event.n,
        ValuesRef::Plain(event) => event.n,
    }
}

fn waiting(stream: &mut EventsAndGaps<Values>) -> Vec<u64> {
    std::iter::from_fn(|| stream.try_recv()).map(|item| number(&item.unwrap())).collect()
}

#[test]
fn each_scope_has_its_newest_event_beyond_the_history() {
    trial().with(|bus| bus.history(2)).run(async |bus, _| {
        let desk = bus.stream("desk");
        let (one, two) = (desk.execution("e1"), desk.execution("e2").node("n"));
        one.emit_progress(1).await;
        two.emit_progress(2).await;
        one.emit_progress(3).await;
        one.emit_mood(4).await;
        for n in 0..10 {
            desk.emit_plain(n).await;
        }
        let all: Vec<_> = bus.latest::<Progress>().collect().iter().map(|event| event.n).collect();
        assert_eq!(all, [3, 2], "the newest first");
        assert_eq!(bus.latest::<Progress>().node("n").newest().unwrap().n, 2);
        assert_eq!(bus.latest::<Progress>().stream("desk").execution("e1").newest().unwrap().n, 3);
        assert!(bus.latest::<Progress>().stream("other").newest().is_none());
        let kinds: Vec<_> = bus.latest_any().collect().iter().map(|event| event.kind().to_owned()).collect();
        assert_eq!(kinds, ["mood", "progress", "progress"]);
        assert_eq!(bus.stats().latest, 3);
    });
}

#[test]
fn an_event_is_kept_though_nobody_listens_and_no_history_keeps_it() {
    trial().with(|bus| bus.history(0).transient_history(0)).run(async |bus, _| {
        let receipt = bus.stream("desk").emit_progress(1).await;
        assert!(receipt.id().is_some(), "what is kept has a position");
        assert_eq!(bus.latest::<Progress>().newest().unwrap().id(), receipt.id().unwrap());
        assert!(bus.stream("desk").emit_plain(1).await.id().is_none());
    });
}

#[test]
fn events_without_a_type_are_values_if_their_data_fits() {
    trial().run(async |bus, _| {
        bus.stream("desk").emit_dynamic("progress", json!({ "n": 1 })).await;
        bus.stream("desk").emit_dynamic("progress", json!({ "n": "one" })).await;
        assert_eq!(bus.latest::<Progress>().newest().unwrap().n, 1);
        let other = EventBus::new();
        other.republish(bus.latest::<Progress>().newest().unwrap()).await;
        assert_eq!(other.latest::<Progress>().newest().unwrap().n, 1);
    });
}

#[test]
fn the_values_come_first_then_live_events() {
    trial().run(async |bus, _| {
        let desk = bus.stream("desk");
        desk.execution("e1").emit_progress(1).await;
        desk.execution("e2").emit_progress(2).await;
        desk.execution("e1").emit_progress(3).await;
        desk.emit_plain(4).await;
        let mut stream = bus.subscribe::<Values>().with_latest().into_stream().with_gaps();
        let mut narrow = bus.subscribe::<Values>().with_latest().execution("e1").into_stream().with_gaps();
        let odd = |event: &bus_core::Event<Values>| number(event) % 2 == 1;
        let mut filtered = bus.subscribe::<Values>().with_latest().filter(odd).into_stream().with_gaps();
        let sync = Notes::<u64>::new();
        let notes = sync.clone();
        let _sync =
            bus.subscribe::<Values>().with_latest().handle_sync(move |event| notes.add(number(event)));
        assert_eq!(sync.all(), [2, 3], "before `handle_sync` returns");
        desk.execution("e1").emit_progress(5).await;
        desk.emit_plain(6).await;
        assert_eq!(waiting(&mut stream), [2, 3, 5, 6]);
        assert_eq!(waiting(&mut narrow), [3, 5]);
        assert_eq!(waiting(&mut filtered), [3, 5]);
        assert_eq!(sync.all(), [2, 3, 5, 6]);
    });
}

/// They are read in steps, between which others publish.
#[test]
fn the_values_of_many_scopes_all_come() {
    trial().with(|bus| bus.history(0)).run(async |bus, _| {
        for n in 0..600 {
            bus.stream(format!("s{n}")).emit_progress(n).await;
        }
        let all: Vec<_> = (0..600).collect();
        let mut stream = bus.subscribe::<Values>().with_latest().into_stream().with_gaps();
        assert_eq!(waiting(&mut stream), all);
        let mut filtered = bus.subscribe::<Values>().with_latest().filter(|_| true).into_stream().with_gaps();
        assert_eq!(waiting(&mut filtered), all);
    });
}

#[test]
fn a_wait_takes_the_current_value_or_the_next_one() {
    trial().run(async |bus, _| {
        let none = bus.subscribe::<Progress>().with_latest().first().timeout(Duration::ZERO).await;
        assert_eq!(none.unwrap_err(), WaitError::TimedOut);
        bus.stream("desk").emit_progress(1).await;
        let now = bus.subscribe::<Progress>().with_latest().first().timeout(Duration::ZERO).await;
        assert_eq!(now.unwrap().n, 1);
    });
}

#[test]
fn nothing_is_missing_and_nothing_twice_while_others_publish() {
    const SCOPES: u64 = 400;
    const EVENTS: u64 = 20_000;
    threaded(3).with(|bus| bus.history(0)).run(async |bus, _| {
        let publisher = bus.clone();
        let publishing = tokio::task::spawn_blocking(move || {
            for n in 0..EVENTS {
                publisher.stream(format!("s{}", n % SCOPES)).emit_progress(n).send();
            }
        });
        let mut readers = Vec::new();
        while readers.len() < 20 {
            let stream = bus.subscribe::<Progress>().with_latest().capacity(50_000).into_stream().with_gaps();
            readers.push((stream, bus.stats().published_total));
            tokio::task::yield_now().await;
        }
        publishing.await.unwrap();
        for (mut stream, live_from) in readers {
            let got: Vec<_> = std::iter::from_fn(|| stream.try_recv()).map(|item| item.unwrap()).collect();
            assert!(got.is_sorted_by(|a, b| a.seq() < b.seq()), "in order, none twice");
            let live = got.iter().filter(|event| event.seq() > live_from).count() as u64;
            assert_eq!(live, EVENTS - live_from, "a gap after the subscription was made");
            // The values of all scopes that had one are there too.
            let scopes: HashSet<_> = got.iter().map(|event| event.n % SCOPES).collect();
            assert_eq!(scopes.len() as u64, SCOPES);
        }
    });
}

#[test]
fn the_oldest_value_is_forgotten_and_reported() {
    log::collect();
    trial().with(|bus| bus.latest(2)).run(async |bus, _| {
        for n in 1..=4 {
            bus.stream(format!("s{n}")).emit_progress(n).await;
        }
        let left: Vec<_> = bus.latest::<Progress>().collect().iter().map(|event| event.n).collect();
        assert_eq!(left, [4, 3]);
        assert_eq!((bus.stats().latest, bus.stats().latest_forgotten), (2, 2));
        let lines = log::lines(&["a latest value is forgotten", ".latest(n)", "capacity=2"]);
        assert_eq!(lines.len(), 1, "logged once: {lines:?}");
        bus.stream("s4").emit_progress(5).await;
        assert_eq!(bus.stats().latest_forgotten, 2, "a newer value of one scope needs no more memory");
    });
}

#[test]
fn the_values_take_no_more_bytes_than_the_budget() {
    trial().with(|bus| bus.history(0).history_bytes(1)).run(async |bus, _| {
        bus.stream("s1").emit_progress(1).await;
        bus.stream("s2").emit_progress(2).await;
        let left: Vec<_> = bus.latest::<Progress>().collect().iter().map(|event| event.n).collect();
        assert_eq!(left, [2], "the newest stays, however large");
        assert_eq!(bus.stats().latest_forgotten, 1);
    });
}

#[test]
fn a_value_that_is_replaced_takes_no_more_bytes() {
    trial().with(|bus| bus.history_bytes(65_536)).run(async |bus, _| {
        for n in 0..2_000 {
            bus.stream(format!("s{}", n % 2)).emit_progress(n).await;
        }
        assert_eq!((bus.stats().latest, bus.stats().latest_forgotten), (2, 0));
    });
}

#[test]
fn the_values_of_an_execution_are_forgotten_when_asked() {
    trial().run(async |bus, _| {
        for n in 0..600 {
            bus.stream("desk").execution(format!("e{}", n % 2)).node(format!("n{n}")).emit_progress(n).await;
        }
        let held = bus.latest::<Progress>().node("n1").newest().unwrap();
        assert_eq!(bus.latest_any().execution("e1").forget(), 300);
        assert_eq!(bus.latest::<Progress>().collect().len(), 300);
        assert_eq!(bus.latest::<Progress>().execution("e1").collect().len(), 0);
        assert_eq!((bus.stats().latest, bus.stats().latest_forgotten), (300, 0));
        assert_eq!(held.n, 1);
    });
}

#[test]
fn a_wrong_use_is_an_error() {
    trial().run(async |bus, _| {
        let plain = bus.subscribe::<Plain>().with_latest().try_handle_sync(|_| {});
        assert_eq!(plain.unwrap_err(), SubscribeError::NotSticky);
        let cursor = bus.stream("desk").emit_progress(1).await.id().unwrap();
        let both = bus.subscribe::<Progress>().since(cursor).with_latest().try_handle_sync(|_| {});
        let error = both.unwrap_err();
        assert_eq!(error, SubscribeError::LatestAndSince);
        assert!(error.to_string().contains("drop one of them"));
    });
}
