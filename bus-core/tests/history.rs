//! History: newest first, filtered, `transient` kinds in a ring of their own.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use bus_core::{AgentEvent, AnyEvent, Event, EventBus, HistoryQuery};
use common::{Notes, trial};
use serde_json::json;

#[derive(AgentEvent)]
enum Memory {
    Fact {
        n: u64,
    },
    #[event(alias("old_rumour"))]
    Rumour {
        n: u64,
    },
    #[event(transient)]
    Blink {
        n: u64,
    },
}

fn seqs(query: HistoryQuery) -> Vec<u64> {
    query.collect().iter().map(AnyEvent::seq).collect()
}

async fn facts(bus: &EventBus, count: u64) {
    for n in 0..count {
        bus.stream("desk").emit_fact(n).await;
    }
}

#[test]
fn it_holds_a_thousand_and_returns_a_hundred_events_unless_configured() {
    trial().run(async |bus, _| {
        facts(&bus, 1_010).await;
        let all = seqs(bus.history().limit(usize::MAX));
        assert_eq!(all, (11..=1_010).rev().collect::<Vec<_>>());
        assert_eq!(seqs(bus.history()), (911..=1_010).rev().collect::<Vec<_>>());
        assert_eq!(seqs(bus.history().oldest_first().limit(2)), [11, 12]);
        assert_eq!(seqs(bus.history().limit(0)), [0_u64; 0]);
        assert_eq!((bus.stats().kept, bus.stats().evicted), (1_000, 10));
    });
}

#[test]
fn it_is_asked_by_kind_scope_attribute_and_cursor() {
    trial().run(async |bus, _| {
        let here = bus.stream("here").node("n").execution("x").correlation("c").attribute("graph_id", "g");
        here.emit_fact(1_u64).await;
        bus.stream("here").emit_rumour(2_u64).await;
        bus.stream("there").node("n").emit_fact(3_u64).await;
        let cursor = bus.stream("there").emit_dynamic("vendor_kind", json!({})).await.id().unwrap();
        bus.stream("").emit_fact(5_u64).await;
        assert_eq!(seqs(bus.history().kinds(["fact"])), [5, 3, 1]);
        assert_eq!(seqs(bus.history().kinds(["old_rumour", "vendor_kind"])), [4, 2]);
        assert_eq!(seqs(bus.history().stream("here")), [2, 1]);
        assert_eq!(seqs(bus.history().node("n")), [3, 1]);
        assert_eq!(seqs(bus.history().execution("x")), [1]);
        assert_eq!(seqs(bus.history().correlation("c")), [1]);
        assert_eq!(seqs(bus.history().attribute("graph_id", "g")), [1]);
        assert_eq!(seqs(bus.history().attribute("graph_id", "h")), [0_u64; 0]);
        assert_eq!(seqs(bus.history().stream("")), [5], "an empty text is a value, not no filter");
        assert_eq!(seqs(bus.history().since(cursor)), [5]);
        assert_eq!(seqs(bus.history().kinds(["fact"]).stream("there").oldest_first()), [3]);
        let typed = bus.history().typed::<(Fact, Rumour)>();
        assert_eq!(typed.iter().map(bus_core::Event::seq).collect::<Vec<_>>(), [5, 3, 2, 1]);
        assert_eq!(bus.history().typed::<Rumour>()[0].n, 2);
    });
}

#[test]
fn a_burst_of_transient_events_evicts_nothing_else() {
    trial().with(|bus| bus.history(10).transient_history(20)).run(async |bus, _| {
        facts(&bus, 5).await;
        for n in 0..3_000 {
            bus.stream("desk").emit_blink(n).await;
        }
        facts(&bus, 1).await;
        assert_eq!(seqs(bus.history().kinds(["fact"])), [3_006, 5, 4, 3, 2, 1]);
        assert_eq!(seqs(bus.history()).len(), 26);
        let stats = bus.stats();
        assert_eq!((stats.kept, stats.evicted, stats.evicted_transient), (26, 0, 2_980));
    });
}

#[test]
fn a_long_history_is_walked_to_its_end() {
    trial().with(|bus| bus.history(10_000)).run(async |bus, _| {
        for n in 0..9_000 {
            bus.stream(if n % 4_500 == 0 { "rare" } else { "usual" }).emit_fact(n).await;
        }
        assert_eq!(seqs(bus.history().stream("rare")), [4_501, 1]);
        assert_eq!(seqs(bus.history().stream("rare").oldest_first()), [1, 4_501]);
        assert_eq!(seqs(bus.history().limit(usize::MAX)).len(), 9_000);
    });
}

#[test]
fn with_no_history_nothing_is_kept_and_subscribers_still_get_events() {
    trial().with(|bus| bus.history(0).transient_history(0)).run(async |bus, _| {
        let _guard = bus.subscribe::<Fact>().handle_sync(|_| {});
        facts(&bus, 3).await;
        bus.stream("desk").emit_blink(1_u64).await;
        let stats = bus.stats();
        assert_eq!((stats.kept, stats.published_total, stats.discarded), (0, 3, 1));
        assert!(bus.history().collect().is_empty());
    });
}

#[test]
fn every_part_of_the_scope_counts_and_nothing_else() {
    trial().run(async |bus, _| {
        let here = bus.stream("s").node("n").execution("x").correlation("c").attribute("graph_id", "g");
        here.emit_fact(1_u64).await;
        let elsewhere = bus.stream("t").node("n").execution("x").correlation("c").attribute("graph_id", "g");
        elsewhere.emit_fact(2_u64).await;
        here.node("m").emit_fact(3_u64).await;
        here.execution("y").emit_fact(4_u64).await;
        here.correlation("d").emit_fact(5_u64).await;
        here.attribute("graph_id", "h").emit_fact(6_u64).await;
        let ask = || bus.history().oldest_first();
        assert_eq!(seqs(ask().stream("s")), [1, 3, 4, 5, 6]);
        assert_eq!(seqs(ask().node("n")), [1, 2, 4, 5, 6]);
        assert_eq!(seqs(ask().execution("x")), [1, 2, 3, 5, 6]);
        assert_eq!(seqs(ask().correlation("c")), [1, 2, 3, 4, 6]);
        assert_eq!(seqs(ask().attribute("graph_id", "g")), [1, 2, 3, 4, 5]);
        let all = ask().stream("s").node("n").execution("x").correlation("c");
        assert_eq!(seqs(all.attribute("graph_id", "g")), [1]);
    });
}

#[test]
fn since_a_cursor_is_after_it_and_the_limit_drops_the_oldest() {
    trial().run(async |bus, _| {
        facts(&bus, 6).await;
        let third = bus.history().oldest_first().collect()[2].id();
        assert_eq!(seqs(bus.history().since(third)), [6, 5, 4]);
        assert_eq!(seqs(bus.history().since(third).limit(2)), [6, 5]);
        assert_eq!(seqs(bus.history().since(third).oldest_first().limit(2)), [4, 5]);
        let other: bus_core::EventId = "00c0ffee00c0ffee-3".parse().unwrap();
        assert_eq!(seqs(bus.history().since(other)).len(), 6, "of another run: all there is");
    });
}

#[test]
fn both_rings_are_one_order_over_many_windows_in_both_directions() {
    // A long history is read in windows of some thousand events, and publishers go on in between.
    const ALL: u64 = 15_000;
    trial().with(|bus| bus.history(20_000).transient_history(20_000)).run(async |bus, _| {
        for n in 1..=ALL {
            if n % 3 == 0 {
                bus.stream("s").emit_blink(n).await;
            } else {
                bus.stream("s").emit_fact(n).await;
            }
        }
        assert_eq!(seqs(bus.history().limit(usize::MAX)), (1..=ALL).rev().collect::<Vec<_>>());
        assert_eq!(seqs(bus.history().limit(usize::MAX).oldest_first()), (1..=ALL).collect::<Vec<_>>());
        assert_eq!(bus.history().limit(5_000).typed::<Blink>().len(), 5_000);
    });
}

#[test]
fn it_holds_the_same_events_that_the_handlers_saw() {
    trial().run(async |bus, _| {
        let seen = Notes::<Event<Fact>>::new();
        let notes = seen.clone();
        let guard = bus.subscribe::<Fact>().handle_sync(move |event| notes.add(event.clone()));
        facts(&bus, 1).await;
        let (seen, held) = (seen.all().remove(0), bus.history().typed::<Fact>().remove(0));
        assert!(std::ptr::eq(&raw const *held, &raw const *seen), "one payload, shared");
        assert_eq!((seen.subscription(), held.subscription()), (Some(guard.id()), None));
    });
}
