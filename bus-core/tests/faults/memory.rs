//! Memory does not grow with names, dropped futures, large events or beginnings without an end.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use bus_core::{AnyEvent, Event, Refused};
use serde_json::json;

use crate::common::{log, trial};
use crate::events::{FaultsEmit, Opened, Ping};

const MIB: usize = 1 << 20;

/// How much memory this process holds.
#[cfg(target_os = "linux")]
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1_024
}

/// As a server does that lets its clients choose what they follow.
#[test]
#[cfg(target_os = "linux")]
fn subscriptions_by_names_of_their_own_leave_nothing_behind() {
    trial().apart().run(async |bus, _| {
        let subscribe = |round: u64| {
            for n in 0..10_000 {
                let kind = format!("client_kind_{round}_{n}");
                drop(bus.subscribe_any().kinds([kind]).into_stream().with_gaps());
            }
        };
        subscribe(0);
        let before = resident();
        (1..=10).for_each(subscribe);
        let grown = resident().saturating_sub(before);
        assert!(
            grown < 6 * MIB,
            "100,000 subscriptions by name came and went, and {grown} bytes are still held: {} for each name",
            grown / 100_000
        );
        assert!(bus.stats().subscriptions.is_empty());
    });
}

/// A name that is asked for again while its subscription ends is still found.
#[test]
fn a_name_that_was_forgotten_is_found_again() {
    trial().run(async |bus, _| {
        for n in 0..10_000 {
            drop(bus.subscribe_any().kinds([format!("kind_{n}")]).into_stream().with_gaps());
        }
        let mut stream = bus.subscribe_any().kinds(["kind_7"]).into_stream().with_gaps();
        bus.stream("agent").emit_dynamic("kind_7", json!({})).await;
        assert_eq!(stream.try_recv().unwrap().unwrap().kind(), "kind_7");
    });
}

struct Nothing;

impl Wake for Nothing {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn a_close_that_is_dropped_keeps_no_waker() {
    trial().run(async |bus, _| {
        let _busy = bus.subscribe::<Ping>().handle(|_: Event<Ping>| std::future::pending::<()>());
        drop(bus.stream("agent").emit_ping(1_u64).send());
        let wakers: Vec<_> = (0..1_000).map(|_| Arc::new(Nothing)).collect();
        for waker in &wakers {
            let task = Waker::from(Arc::clone(waker));
            let mut close = pin!(bus.close(Duration::from_hours(1)));
            assert!(close.as_mut().poll(&mut Context::from_waker(&task)).is_pending());
        }
        let kept = wakers.iter().filter(|waker| Arc::strong_count(waker) > 1).count();
        assert_eq!(kept, 0, "the bus still keeps the wakers of {kept} of 1,000 futures that were dropped");
    });
}

#[test]
fn the_history_holds_no_more_bytes_than_its_budget() {
    trial().with(|bus| bus.history(1_000).history_bytes(MIB)).run(async |bus, _| {
        let first = bus.stream("agent").emit_ping(0_u64).await.id().unwrap();
        for _ in 0..50 {
            let text = "x".repeat(100 * 1_024);
            bus.stream("agent").emit_dynamic("large", json!({ "text": text })).await;
        }
        let stats = bus.stats();
        assert!(stats.kept <= 10, "a history of 1 MiB holds {} events of 100 KiB and up", stats.kept);
        assert!(stats.kept >= 5, "and it makes use of it: {} kept", stats.kept);
        assert_eq!(stats.kept as u64 + stats.evicted, 51);
        let mut stream = bus.subscribe_any().since(first).into_stream().with_gaps();
        assert!(stream.try_recv().unwrap().is_err(), "who resumes before the evicted ones gets a gap");
    });
}

#[test]
fn the_newest_event_is_kept_though_it_is_larger_than_the_budget() {
    trial().with(|bus| bus.history(1_000).history_bytes(1_024)).run(async |bus, _| {
        for n in 0..3 {
            let text = "x".repeat(10_000);
            bus.stream("agent").emit_dynamic("large", json!({ "text": text, "n": n })).await;
        }
        let kept = bus.stats().kept;
        assert!(kept <= 1, "three events of 10,000 bytes in a history of 1,024: {kept} are kept");
    });
}

/// A typed payload is never written as JSON, so its size is taken from its fields.
#[test]
fn typed_payloads_count_with_their_size() {
    trial().with(|bus| bus.history(1_000).history_bytes(MIB)).run(async |bus, _| {
        for _ in 0..50 {
            bus.stream("agent").emit_said("x".repeat(100 * 1_024)).await;
        }
        let stats = bus.stats();
        assert_eq!((stats.kept, stats.evicted), (10, 40), "1 MiB holds 10 texts of 100 KiB");
        assert!((1_000 * 1_024..=MIB).contains(&stats.kept_bytes), "{} bytes", stats.kept_bytes);
        let kept: Vec<_> = bus.history().oldest_first().collect().iter().map(AnyEvent::seq).collect();
        assert_eq!(kept, (41..=50).collect::<Vec<_>>(), "the oldest are evicted");

        bus.stream("agent").emit_said("x".repeat(2 * MIB)).await;
        let stats = bus.stats();
        assert_eq!((stats.kept, stats.evicted), (1, 50), "the newest is kept, though it is larger");
        assert!((2 * MIB..2 * MIB + 1_024).contains(&stats.kept_bytes), "{} bytes", stats.kept_bytes);

        bus.stream("agent").emit_ping(1_u64).await;
        let stats = bus.stats();
        assert_eq!((stats.kept, stats.evicted), (1, 51), "a small event takes its place");
        assert!(stats.kept_bytes < 1_024, "{} bytes", stats.kept_bytes);
    });
}

#[test]
fn the_history_holds_64_mib_unless_set() {
    trial().apart().run(async |bus, _| {
        for _ in 0..80 {
            let text = "x".repeat(MIB);
            bus.stream("agent").emit_dynamic("large", json!({ "text": text })).await;
        }
        let kept = bus.stats().kept;
        assert!(kept <= 64, "the history holds {kept} events of 1 MiB, and no budget was set");
        assert!(kept >= 32, "only {kept} events of 1 MiB are kept");
    });
}

#[test]
fn beginnings_without_an_end_are_bounded_in_number() {
    const ALL: u64 = 150_000;
    trial().apart().with(|bus| bus.history(0)).run(async |bus, _| {
        let _guard = bus.subscribe::<Opened>().handle_sync(|_| {});
        for n in 0..ALL {
            drop(bus.stream("agent").emit_opened(n).send());
        }
        let open = bus.open_pairs().unfinished.len();
        assert!(open <= 100_000, "the bus keeps all {open} events that began something, for ever");
        assert!(open > 0);
        let newest = bus.open_pairs().unfinished.last().map(|pair| pair.id.seq());
        assert_eq!(newest, Some(ALL), "the newest is among them");
    });
}

#[test]
fn a_refused_kind_is_logged_in_short_and_on_one_line() {
    log::collect();
    trial().run(async |bus, _| {
        let long = format!("long_refused_kind{}", "x".repeat(10 * MIB));
        let forged = "forged\n2026-01-01 ERROR the disk is full".to_owned() + &"x".repeat(2 * MIB);
        for kind in [long, forged] {
            let receipt = bus.stream("agent").emit_dynamic(kind, json!({})).await;
            assert!(matches!(receipt.refused(), Some(Refused::InvalidData(_))));
        }
        let (long, forged) = (log::lines(&["long_refused_kind"]), log::lines(&["forged"]));
        assert_eq!((long.len(), forged.len()), (1, 1));
        assert!(long[0].len() < 2_000, "the line that refuses a kind has {} bytes", long[0].len());
        assert!(!forged[0].contains('\n'), "a kind put a line of its own into the log");
    });
}
