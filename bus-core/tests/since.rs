//! `.since(cursor)` replays the events in history, oldest first, then goes on live without a gap;
//! events that history lost come first as a gap.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bus_core::{AgentEvent, Event, EventBus, EventId, LagCause, Lagged, WaitError};
use common::{Notes, audited, settle, threaded, trial};

#[derive(AgentEvent)]
enum Past {
    Page {
        n: u64,
    },
    Other {
        n: u64,
    },
    #[event(transient)]
    Delta {
        n: u64,
    },
}

async fn pages(bus: &EventBus, numbers: std::ops::Range<u64>) -> EventId {
    let mut last = None;
    for n in numbers {
        last = bus.stream("desk").emit_page(n).await.id();
    }
    last.unwrap()
}

#[test]
fn a_stream_looks_back_and_goes_on() {
    trial().run(async |bus, _| {
        let cursor = pages(&bus, 0..3).await;
        bus.stream("desk").emit_other(9_u64).await;
        pages(&bus, 3..6).await;
        let mut stream = bus.subscribe::<Page>().since(cursor).into_stream().with_gaps();
        pages(&bus, 6..8).await;
        let mut got = Vec::new();
        while let Some(item) = stream.try_recv() {
            got.push(item.unwrap().n);
        }
        assert_eq!(got, [3, 4, 5, 6, 7]);
    });
}

#[test]
fn handlers_look_back_too() {
    trial().run(async |bus, _| {
        let first = pages(&bus, 0..1).await;
        pages(&bus, 1..4).await;
        let (sync, own) = (Notes::<u64>::new(), Notes::<u64>::new());
        let (a, b) = (sync.clone(), own.clone());
        let _sync = bus.subscribe::<Page>().since(first).handle_sync(move |event| a.add(event.n));
        assert_eq!(sync.all(), [1, 2, 3], "before `handle_sync` returns");
        let _own = bus.subscribe::<Page>().since(first).handle(move |event: Event<Page>| {
            b.add(event.n);
            async {}
        });
        pages(&bus, 4..5).await;
        settle().await;
        assert_eq!((sync.all(), own.all()), (vec![1, 2, 3, 4], vec![1, 2, 3, 4]));
    });
}

#[test]
fn a_resumed_reader_misses_nothing_and_gets_nothing_twice_while_others_publish() {
    threaded(2).with(|bus| bus.history(100_000)).run(async |bus, steps| {
        let first = bus.stream("desk").emit_page(0_u64).await.id().unwrap();
        let writer = bus.clone();
        let writing = std::thread::spawn(move || {
            for n in 1..=5_000 {
                drop(writer.stream("desk").emit_page(n).send());
            }
        });
        // A page that loses its connection after every 37 events, and resumes with a filter of its
        // own.
        let (mut got, mut cursor) = (Vec::new(), first);
        while got.len() < 5_000 {
            steps.at(format!("from {cursor}"));
            let asked = AtomicU64::new(0);
            let stream = bus.subscribe::<Page>().since(cursor).capacity(100_000);
            let mut stream = stream
                .filter(move |_| asked.fetch_add(1, Ordering::Relaxed) < u64::MAX)
                .into_stream()
                .with_gaps();
            for _ in 0..37.min(5_000 - got.len()) {
                let event = stream.recv().await.unwrap().unwrap();
                cursor = event.id();
                got.push(event.n);
            }
        }
        assert_eq!(got, (1..=5_000).collect::<Vec<_>>());
        writing.join().unwrap();
    });
}

#[test]
fn an_event_that_arrives_while_a_filter_checks_the_past_comes_after_it() {
    trial().run(async |bus, _| {
        let first = pages(&bus, 0..3).await;
        let first: EventId = EventId::to_string(&first).replace("-3", "-1").parse().unwrap();
        let (live, once) = (bus.stream("desk"), OnceLock::new());
        let mut stream = bus
            .subscribe::<Page>()
            .since(first)
            .filter(move |event| {
                if event.n == 1 && once.set(()).is_ok() {
                    drop(live.emit_page(3).send());
                }
                true
            })
            .into_stream()
            .with_gaps();
        let mut got = Vec::new();
        while let Some(item) = stream.try_recv() {
            got.push(item.unwrap().n);
        }
        assert_eq!(got, [1, 2, 3]);
    });
}

#[test]
fn a_gap_in_history_comes_first() {
    trial().with(|bus| bus.history(3)).run(async |bus, _| {
        let cursor = pages(&bus, 0..1).await;
        pages(&bus, 1..8).await;
        let mut stream = bus.subscribe::<Page>().since(cursor).into_stream().with_gaps();
        let lagged = stream.recv().await.unwrap().unwrap_err();
        let Lagged { missed, from, to, cause, .. } = lagged;
        assert_eq!((missed, from.seq(), to.seq(), cause), (Some(4), 2, 5, LagCause::Evicted));
        assert!(lagged.to_string().contains("history no longer holds them"));
        assert_eq!(stream.recv().await.unwrap().unwrap().n, 5);
        // A handler gets the gap through `on_lag`.
        let lags = Notes::<u64>::new();
        let notes = lags.clone();
        let _guard = bus
            .subscribe::<Page>()
            .since(cursor)
            .on_lag(move |lag| notes.add(lag.missed.unwrap()))
            .handle_sync(|_| {});
        assert_eq!(lags.all(), [4]);
        assert_eq!(bus.subscribe::<Page>().since(cursor).first().missed(), Some(lagged));
    });
}

#[test]
fn a_burst_of_transient_events_is_no_gap_for_other_subscriptions() {
    trial().with(|bus| bus.transient_history(2)).run(async |bus, _| {
        let cursor = pages(&bus, 0..1).await;
        for n in 0..50 {
            bus.stream("desk").emit_delta(n).await;
        }
        pages(&bus, 1..2).await;
        let mut stream = bus.subscribe::<Page>().since(cursor).into_stream().with_gaps();
        assert_eq!(stream.recv().await.unwrap().unwrap().n, 1);
        let mut all = bus.subscribe_any().since(cursor).into_stream().with_gaps();
        assert_eq!(all.recv().await.unwrap().unwrap_err().missed, Some(48));
    });
}

#[test]
fn a_cursor_of_another_run_is_an_explicit_miss() {
    trial().run(async |bus, _| {
        let other = audited(EventBus::new());
        let cursor = other.stream("desk").emit_page(9_u64).await.id().unwrap();
        pages(&bus, 0..2).await;
        let mut stream = bus.subscribe::<Page>().since(cursor).into_stream().with_gaps();
        let lagged = stream.recv().await.unwrap().unwrap_err();
        assert_eq!((lagged.cause, lagged.to.seq()), (LagCause::OtherRun, 1));
        assert_eq!(stream.recv().await.unwrap().unwrap().n, 0);
        assert_eq!(stream.recv().await.unwrap().unwrap().n, 1);
        // An event that was republished here keeps its id, so its position is known.
        bus.republish(other.history().collect().remove(0)).await;
        pages(&bus, 2..3).await;
        let mut stream = bus.subscribe::<Page>().since(cursor).into_stream().with_gaps();
        assert_eq!(stream.recv().await.unwrap().unwrap().n, 2);
    });
}

#[test]
fn first_with_since_returns_the_oldest_event() {
    trial().run(async |bus, _| {
        let cursor = pages(&bus, 0..4).await;
        let start: EventId = cursor.to_string().replace("-4", "-1").parse().unwrap();
        let now = |cursor| bus.subscribe::<Page>().since(cursor).first().timeout(Duration::ZERO);
        assert_eq!(now(start).await.unwrap().n, 1);
        assert_eq!(now(cursor).await.unwrap_err(), WaitError::TimedOut);
        // Only one is taken, even if more arrive before it is polled.
        let wait = bus.subscribe::<Page>().name("wait").since(start).filter(|event| event.n > 2).first();
        pages(&bus, 4..6).await;
        assert_eq!(wait.await.unwrap().n, 3);
        assert_eq!(bus.stats().ended.dropped, 0);
    });
}

#[test]
fn a_replay_does_not_count_against_the_capacity() {
    trial().run(async |bus, _| {
        let first = pages(&bus, 0..1).await;
        pages(&bus, 1..20).await;
        let mut stream = bus.subscribe::<Page>().since(first).capacity(2).into_stream().with_gaps();
        pages(&bus, 20..25).await;
        let (mut got, mut missed) = (Vec::new(), 0);
        while let Some(item) = stream.try_recv() {
            match item {
                Ok(event) => got.push(event.n),
                Err(lagged) => missed += lagged.missed.unwrap(),
            }
        }
        assert_eq!(got, (1..20).chain(23..25).collect::<Vec<_>>());
        assert_eq!(missed, 3);
    });
}

#[test]
fn filters_apply_to_past_and_live_events() {
    trial().run(async |bus, _| {
        let here = bus.stream("desk").node("planner").attribute("graph_id", "g-1");
        let start = here.emit_other(0_u64).await.id().unwrap();
        let publish = async || {
            here.emit_page(1_u64).await;
            here.emit_page(2_u64).await;
            here.node("writer").emit_page(2_u64).await;
            here.attribute("graph_id", "g-2").emit_page(2_u64).await;
            here.emit_dynamic("vendor_kind", serde_json::json!({})).await;
        };
        publish().await;
        let wanted = bus.subscribe::<Page>().node("planner").attribute("graph_id", "g-1").since(start);
        let mut typed = wanted.filter(|event| event.n == 2).into_stream().with_gaps();
        let mut named = bus.subscribe_any().kinds(["vendor_kind"]).since(start).into_stream().with_gaps();
        publish().await;
        let both = [typed.try_recv(), typed.try_recv()].map(|item| item.unwrap().unwrap().seq());
        assert_eq!((both, typed.try_recv().is_none()), ([3, 8], true));
        let both = [named.try_recv(), named.try_recv()].map(|item| item.unwrap().unwrap().seq());
        assert_eq!((both, named.try_recv().is_none()), ([6, 11], true));
        assert_eq!(bus.stats().subscriptions[0].counts.matched, 2, "what a filter leaves out is not counted");
    });
}

#[test]
fn an_async_handler_gets_the_gap_then_the_past_then_live_events() {
    trial().with(|bus| bus.history(2)).run(async |bus, _| {
        let first = pages(&bus, 0..1).await;
        pages(&bus, 1..5).await;
        let seen = Notes::<String>::new();
        let (notes, lags) = (seen.clone(), seen.clone());
        let wanted = bus
            .subscribe::<Page>()
            .since(first)
            .on_lag(move |lag| lags.add(lag.missed.unwrap().to_string() + " lost"));
        let _guard = wanted.handle(move |event: Event<Page>| {
            let notes = notes.clone();
            async move { notes.add(event.n.to_string()) }
        });
        pages(&bus, 5..6).await;
        settle().await;
        assert_eq!(seen.all(), ["2 lost", "3", "4", "5"]);
    });
}

#[test]
fn a_gap_without_a_later_event_is_reported_too() {
    trial().with(|bus| bus.history(0)).run(async |bus, _| {
        let mut live = bus.subscribe::<Page>().into_stream().with_gaps();
        pages(&bus, 0..3).await;
        let first = live.try_recv().unwrap().unwrap().id();
        let mut stream = bus.subscribe::<Page>().since(first).into_stream().with_gaps();
        let lagged = stream.try_recv().unwrap().unwrap_err();
        assert_eq!((lagged.missed, lagged.from.seq(), lagged.to.seq()), (Some(2), 2, 3));
        let lags = Notes::<u64>::new();
        let notes = lags.clone();
        let wanted = bus.subscribe::<Page>().since(first).on_lag(move |lag| notes.add(lag.missed.unwrap()));
        let _guard = wanted.handle(async |_: Event<Page>| {});
        assert_eq!((lags.all(), stream.try_recv().is_none()), (vec![2], true));
    });
}

#[test]
fn the_newest_cursor_has_no_past_and_no_gap() {
    trial().with(|bus| bus.history(2)).run(async |bus, _| {
        let newest = pages(&bus, 0..5).await;
        let mut stream = bus.subscribe::<Page>().since(newest).into_stream().with_gaps();
        assert!(stream.try_recv().is_none());
        pages(&bus, 5..6).await;
        assert_eq!(stream.try_recv().unwrap().unwrap().n, 5);
    });
}
