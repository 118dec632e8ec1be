//! The policies of a definition at run time: `transient`, `critical`, `coalesce`, `ends_with`,
//! `redact`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use bus_core::{AgentEvent, EventBus, Overflow};
use common::trial;

#[derive(AgentEvent)]
enum Pairs {
    #[event(critical, ends_with(Done, Failed))]
    Began,
    #[event(critical)]
    Done,
    Failed,
    #[event(ends_with(CallEnded, by(id)))]
    CallBegan {
        id: String,
    },
    CallEnded {
        id: String,
    },
    #[event(coalesce)]
    Progress {
        percent: u64,
    },
    #[event(transient)]
    Delta {
        text: String,
    },
    #[event(ends_with(Resumed))]
    Paused,
    #[event(ends_with(Resumed))]
    Waited,
    Resumed,
    #[event(alias("sign_in"))]
    SignedIn {
        user: String,
        #[event(redact)]
        password: String,
    },
}

fn open(bus: &EventBus) -> Vec<String> {
    let pairs = bus.open_pairs();
    let reported =
        |pair: &bus_core::OpenPair| format!("{} {}", pair.kind, pair.scope.execution().unwrap_or("-"));
    pairs.unfinished.iter().map(reported).collect()
}

#[test]
fn a_beginning_is_open_until_one_of_its_ends_comes_in_the_same_scope() {
    trial().run(async |bus, _| {
        let (a, b) = (bus.stream("s").execution("a"), bus.stream("s").execution("b"));
        a.emit_began().await;
        b.emit_began().await;
        assert_eq!(open(&bus), ["began a", "began b"]);
        b.emit_failed().await;
        assert_eq!(open(&bus), ["began a"]);
        assert_eq!(bus.stats().open_pairs, 1);
        // An end without a beginning is reported too.
        b.emit_done().await;
        let pairs = bus.open_pairs();
        assert_eq!((pairs.unmatched[0].kind.as_str(), pairs.unmatched_total), ("done", 1));
        a.emit_done().await;
        assert!(open(&bus).is_empty());
        assert_eq!(bus.stats().unmatched_ends, 1);
    });
}

#[test]
fn pairs_are_distinguished_by_the_fields_they_name() {
    trial().run(async |bus, _| {
        let desk = bus.stream("s");
        for id in ["1", "2", "3"] {
            desk.emit_call_began(id).await;
        }
        desk.emit_call_ended("2").await;
        assert_eq!(bus.open_pairs().unfinished.len(), 2);
        let report = bus.close(std::time::Duration::ZERO).await;
        assert_eq!(report.open_pairs.unfinished.len(), 2, "closing tells what has not ended");
    });
}

#[test]
fn a_pair_keeps_its_events_without_history() {
    trial().with(|bus| bus.history(0)).run(async |bus, _| {
        let _other = bus.subscribe::<Progress>().handle_sync(|_| {});
        bus.stream("s").emit_call_began("1").await;
        let receipt = bus.stream("s").emit_progress(1_u64).await;
        assert_ne!(Some(bus.open_pairs().unfinished[0].id), receipt.id());
    });
}

#[test]
fn pairs_are_kept_without_history_and_subscribers() {
    trial().with(|bus| bus.history(0)).run(async |bus, _| {
        let desk = bus.stream("s");
        desk.emit_call_began("1").await;
        desk.emit_call_began("2").await;
        assert_eq!(bus.stats().open_pairs, 2);
        desk.emit_call_ended("1").await;
        desk.emit_call_ended("3").await;
        assert_eq!((open(&bus).len(), bus.open_pairs().unmatched.len()), (1, 1));
        // Events of no pair are only counted.
        assert_eq!(desk.emit_progress(1_u64).await.id(), None);
    });
}

#[test]
fn policies_hold_for_every_subscriber_by_default() {
    trial().with(|bus| bus.transient_history(1)).run(async |bus, _| {
        let mut all = bus.subscribe_any().capacity(3).overflow(Overflow::Coalesce).into_stream().with_gaps();
        let desk = bus.stream("s");
        desk.emit_began().await;
        for percent in 1..=9 {
            desk.emit_progress(percent).await;
        }
        desk.emit_delta("x").await;
        desk.emit_delta("y").await;
        desk.emit_done().await;
        let mut got = Vec::new();
        while let Some(item) = all.try_recv() {
            if let Ok(event) = item {
                got.push(event.kind().to_owned());
            }
        }
        assert_eq!(got, ["began", "delta", "done"], "the critical ones are still there");
        assert_eq!(bus.history().typed::<Delta>().len(), 1);
        assert_eq!(bus.history().typed::<Progress>().len(), 9);
    });
}

#[test]
fn redacted_content_is_in_no_json_and_no_debug_and_handlers_read_it() {
    trial().run(async |bus, _| {
        let wait = bus.wait_for::<SignedIn>();
        bus.stream("s").emit_signed_in("ann", "tiger").await;
        let event = wait.await.unwrap();
        assert_eq!(event.password, "tiger");
        for text in [event.to_json(), format!("{event:?}"), format!("{:?}", *event)] {
            assert!(text.contains("ann") && text.contains("[redacted]") && !text.contains("tiger"), "{text}");
        }
    });
}

#[test]
fn a_pair_that_begins_again_is_open_once_and_since_then() {
    trial().run(async |bus, _| {
        let run = bus.stream("s").execution("a");
        run.emit_began().await;
        let again = run.emit_began().await.id();
        assert_eq!(bus.open_pairs().unfinished.iter().map(|pair| Some(pair.id)).collect::<Vec<_>>(), [again]);
        run.emit_done().await;
        assert!(open(&bus).is_empty());
    });
}

#[test]
fn ends_without_a_beginning_are_all_counted_and_the_newest_hundred_kept() {
    trial().run(async |bus, _| {
        for n in 0..250 {
            bus.stream("s").execution(n.to_string()).emit_done().await;
        }
        let pairs = bus.open_pairs();
        assert_eq!(
            (pairs.unmatched_total, pairs.unmatched.len(), bus.stats().unmatched_ends),
            (250, 100, 250)
        );
        let reported: Vec<_> = pairs.unmatched.iter().map(|pair| pair.scope.execution().unwrap()).collect();
        assert_eq!(reported, (150..250).map(|n| n.to_string()).collect::<Vec<_>>());
    });
}

#[test]
fn an_event_may_end_pairs_of_several_kinds() {
    trial().run(async |bus, _| {
        let run = bus.stream("s").execution("a");
        run.emit_paused().await;
        run.emit_waited().await;
        assert_eq!(open(&bus), ["paused a", "waited a"]);
        run.emit_resumed().await;
        assert!(open(&bus).is_empty());
        assert_eq!(bus.open_pairs().unmatched_total, 0);
    });
}

#[test]
fn an_alias_is_as_good_as_the_kind() {
    trial().run(async |bus, _| {
        let mut stream = bus.subscribe_any().kinds(["sign_in", "signed_in"]).into_stream().with_gaps();
        let mut by_alias = bus.subscribe_any().kinds(["sign_in"]).into_stream().with_gaps();
        let mut typed = bus.subscribe::<SignedIn>().into_stream().with_gaps();
        bus.stream("s").emit_signed_in("ann", "tiger").await;
        let data = serde_json::json!({ "user": "bob", "password": "lion" });
        bus.stream("s").emit_dynamic("sign_in", data).await;
        for name in ["ann", "bob"] {
            assert_eq!(stream.try_recv().unwrap().unwrap().kind(), "signed_in");
            assert_eq!(by_alias.try_recv().unwrap().unwrap().kind(), "signed_in");
            assert_eq!(typed.try_recv().unwrap().unwrap().user, name);
        }
        assert!(stream.try_recv().is_none(), "the name twice is one subscription");
        assert_eq!(bus.history().kinds(["sign_in"]).collect().len(), 2);
        assert_eq!(bus.catalogue().get("sign_in").unwrap().kind, "signed_in");
        assert_eq!(bus.stats().published["signed_in"], 2);
    });
}
