//! An event that finds a queue full follows the subscription's policy, and is reported and counted.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use bus_core::{AgentEvent, Event, EventBus, EventsAndGaps, Lagged, Outcome, Overflow};
use common::{Notes, settle, trial};
use tokio::sync::Semaphore;

#[derive(AgentEvent)]
#[events(derive(PartialEq))]
enum Flow {
    Token {
        n: u64,
    },
    #[event(critical)]
    Alarm {
        n: u64,
    },
    #[event(coalesce(key))]
    Gauge {
        key: String,
        n: u64,
    },
}

/// The items that a stream yields now: `n` for each event, and `missed: from..to` for each gap.
fn read<S: bus_core::EventSet>(stream: &mut EventsAndGaps<S>) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(item) = stream.try_recv() {
        all.push(match item {
            Ok(event) => event.to_json().split("\"n\":").nth(1).map_or("?", |n| &n[..1]).to_owned(),
            Err(Lagged { missed, from, to, .. }) => {
                format!("-{}: {}..{}", missed.unwrap(), from.seq(), to.seq())
            }
        });
    }
    all
}

fn tokens(bus: &EventBus, numbers: std::ops::Range<u64>) {
    for n in numbers {
        assert!(bus.stream("desk").emit_token(n).send().receipt().refused().is_none());
    }
}

#[test]
fn a_stream_drops_the_oldest_unless_configured() {
    trial().run(async |bus, _| {
        let mut stream = bus.subscribe::<Token>().name("s").capacity(3).into_stream().with_gaps();
        tokens(&bus, 0..6);
        assert_eq!(read(&mut stream), ["-3: 1..3", "3", "4", "5"]);
        tokens(&bus, 6..8);
        assert_eq!(read(&mut stream), ["6", "7"], "a gap is reported once");
        let stats = bus.stats();
        let counts = stats.subscription("s").unwrap().counts;
        assert_eq!((counts.matched, counts.handled, counts.overflowed), (8, 5, 3));
    });
}

#[test]
fn drop_newest_keeps_the_first_events() {
    trial().run(async |bus, _| {
        let stream = bus.subscribe::<Token>().capacity(3).overflow(Overflow::DropNewest);
        let mut stream = stream.into_stream().with_gaps();
        tokens(&bus, 0..6);
        let receipt = bus.stream("desk").emit_token(6_u64).await;
        assert_eq!((receipt.queued(), receipt.problems()[0].outcome()), (0, &Outcome::Overflowed));
        assert_eq!(read(&mut stream), ["0", "1", "2", "-4: 4..7"]);
    });
}

#[test]
fn coalesce_replaces_an_older_event_of_equal_scope_and_fields() {
    trial().run(async |bus, _| {
        let stream = bus.subscribe::<Flow>().name("s").capacity(3).overflow(Overflow::Coalesce);
        let mut stream = stream.into_stream().with_gaps();
        let (here, there) = (bus.stream("here"), bus.stream("there"));
        here.emit_gauge("a", 1_u64).await;
        there.emit_gauge("a", 2_u64).await;
        here.emit_gauge("b", 3_u64).await;
        here.emit_gauge("a", 4_u64).await;
        here.emit_gauge("a", 5_u64).await;
        here.emit_gauge("c", 6_u64).await;
        // 4 replaced 1 and 5 replaced 4; for 6 there is no older one, so the oldest is dropped and
        // reported.
        assert_eq!(read(&mut stream), ["-1: 2..2", "3", "5", "6"]);
        let counts = bus.stats().subscription("s").unwrap().counts;
        assert_eq!((counts.coalesced, counts.overflowed), (2, 1));
    });
}

#[test]
fn coalesce_compares_every_part_of_the_scope() {
    trial().run(async |bus, _| {
        let mut stream =
            bus.subscribe::<Gauge>().capacity(6).overflow(Overflow::Coalesce).into_stream().with_gaps();
        let here = bus.stream("here").correlation("req-1").attribute("graph_id", "g-1").attribute("a", "1");
        let same = bus.stream("here").correlation("req-1").attribute("a", "1").attribute("graph_id", "g-1");
        here.emit_gauge("a", 1_u64).await;
        here.node("n").emit_gauge("a", 2_u64).await;
        here.execution("x").emit_gauge("a", 3_u64).await;
        here.correlation("req-2").emit_gauge("a", 4_u64).await;
        here.attribute("graph_id", "g-2").emit_gauge("a", 5_u64).await;
        here.attribute("b", "1").emit_gauge("a", 6_u64).await;
        for n in 7..9 {
            same.emit_gauge("a", n).await;
        }
        assert_eq!(read(&mut stream), ["2", "3", "4", "5", "6", "8"]);
    });
}

#[test]
fn close_ends_the_subscription_after_its_queue() {
    trial().run(async |bus, _| {
        let mut stream =
            bus.subscribe::<Token>().capacity(2).overflow(Overflow::Close).into_stream().with_gaps();
        tokens(&bus, 0..5);
        assert_eq!(read(&mut stream), ["0", "1", "-1: 3..3"]);
        assert!(stream.recv().await.is_none());
        assert_eq!(bus.stream("desk").emit_token(9_u64).await.reached(), 0);
    });
}

#[test]
fn a_handler_that_closes_on_overflow_handles_its_queue_and_ends() {
    trial().run(async |bus, _| {
        let (seen, lags) = (Notes::<u64>::new(), Notes::<u64>::new());
        let (notes, reported) = (seen.clone(), lags.clone());
        let guard = bus
            .subscribe::<Token>()
            .capacity(2)
            .overflow(Overflow::Close)
            .on_lag(move |lagged| reported.add(lagged.missed.unwrap()))
            .handle(move |event: Event<Token>| {
                let notes = notes.clone();
                async move {
                    tokio::task::yield_now().await;
                    notes.add(event.n);
                }
            });
        tokens(&bus, 0..6);
        settle().await;
        assert_eq!((seen.all(), lags.all()), (vec![0, 1, 2], vec![1]));
        let stats = bus.stats();
        assert!(stats.subscriptions.is_empty() && !bus.unsubscribe(guard.id()));
        assert_eq!((stats.ended.handled, stats.ended.overflowed), (3, 1));
    });
}

#[test]
fn critical_events_are_dropped_last() {
    for overflow in [Overflow::DropOldest, Overflow::DropNewest, Overflow::Coalesce, Overflow::Wait] {
        trial().run(async move |bus, _| {
            let stream = bus.subscribe::<Flow>().capacity(3).hard_limit(3).overflow(overflow);
            let mut stream = stream.into_stream().with_gaps();
            tokens(&bus, 0..3);
            for n in 5..8 {
                drop(bus.stream("desk").emit_alarm(n).send());
            }
            tokens(&bus, 3..5);
            let got: Vec<_> = read(&mut stream).into_iter().filter(|item| !item.starts_with('-')).collect();
            assert_eq!(got, ["5", "6", "7"], "{overflow:?}");
        });
    }
}

#[test]
fn critical_events_exceed_the_capacity_up_to_the_hard_limit() {
    trial().run(async |bus, _| {
        let mut stream =
            bus.subscribe::<Flow>().name("s").capacity(2).hard_limit(4).into_stream().with_gaps();
        for n in 0..6 {
            drop(bus.stream("desk").emit_alarm(n).send());
        }
        assert_eq!(read(&mut stream), ["0", "1", "2", "3", "-2: 5..6"]);
        assert_eq!(bus.stats().subscription("s").unwrap().counts.overflowed, 2);
    });
}

#[test]
fn an_awaited_emit_waits_for_capacity_in_a_stream_with_wait() {
    trial().run(async |bus, steps| {
        let mut stream =
            bus.subscribe::<Token>().capacity(2).overflow(Overflow::Wait).into_stream().with_gaps();
        tokens(&bus, 0..2);
        let emit = tokio::spawn(bus.stream("desk").emit_token(2_u64).into_future());
        settle().await;
        assert!(!emit.is_finished());
        assert_eq!(stream.recv().await.unwrap().unwrap().n, 0);
        settle().await;
        assert!(!emit.is_finished(), "two of two are not under the capacity");
        assert_eq!(stream.recv().await.unwrap().unwrap().n, 1);
        steps.at("capacity");
        assert_eq!(emit.await.unwrap().queued(), 1);
        assert_eq!(stream.recv().await.unwrap().unwrap().n, 2);
    });
}

#[test]
fn an_emit_that_waits_for_capacity_ends_when_the_stream_is_dropped() {
    trial().run(async |bus, steps| {
        let stream =
            bus.subscribe::<Token>().name("s").capacity(1).overflow(Overflow::Wait).into_stream().with_gaps();
        tokens(&bus, 0..1);
        let emit = tokio::spawn(bus.stream("desk").emit_token(1_u64).into_future());
        settle().await;
        drop(stream);
        steps.at("reported");
        let receipt = emit.await.unwrap();
        assert_eq!((receipt.queued(), receipt.problems()[0].outcome()), (0, &Outcome::Dropped));
        assert_eq!(bus.stats().ended.dropped, 2);
    });
}

#[test]
fn beyond_the_hard_limit_a_delivery_is_overflowed_and_never_the_event() {
    trial().run(async |bus, _| {
        let (gate, lags) = (std::sync::Arc::new(Semaphore::new(0)), Notes::<(u64, u64, u64)>::new());
        let (inner, reported) = (gate.clone(), lags.clone());
        let _slow = bus
            .subscribe::<Token>()
            .name("slow")
            .capacity(1)
            .hard_limit(2)
            .on_lag(move |lagged| reported.add((lagged.missed.unwrap(), lagged.from.seq(), lagged.to.seq())))
            .handle(move |_: Event<Token>| {
                let gate = inner.clone();
                async move { gate.acquire().await.unwrap().forget() }
            });
        tokens(&bus, 0..3);
        let receipt = bus.stream("desk").emit_token(3_u64).await;
        assert_eq!(
            (receipt.problems()[0].name(), receipt.problems()[0].outcome()),
            ("slow", &Outcome::Overflowed)
        );
        assert!(receipt.id().is_some());
        assert_eq!(bus.history().collect().len(), 4);
        gate.add_permits(9);
        settle().await;
        assert_eq!(lags.all(), [(1, 4, 4)]);
        let counts = bus.stats().subscription("slow").unwrap().counts;
        assert_eq!((counts.handled, counts.overflowed), (3, 1));
    });
}
