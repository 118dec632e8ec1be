//! The receipt of a publish: on the bus or refused, and the outcome of each delivery.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use bus_core::{AgentEvent, BoxError, Event, Refused};
use common::{log, settle, trial};
use serde_json::json;

#[derive(AgentEvent)]
enum Receipts {
    #[event(requires(node))]
    Signed {
        by: String,
        #[event(default)]
        copies: Vec<String>,
        fee: Option<u64>,
    },
    Plain {
        n: u64,
    },
}

#[test]
fn emits_are_awaited_or_sent_and_setters_come_between() {
    trial().run(async |bus, _| {
        let node = bus.stream("desk").execution("exec-1").node("planner").correlation("req-7");
        let receipt = node.emit_signed("ann").copies(vec!["bob".into()]).await;
        let sent = node.emit_signed("ann").fee(5_u64).send();
        assert_eq!((receipt.seq(), sent.receipt().seq()), (Some(1), Some(2)));
        assert_eq!(sent.finished().await.id(), bus.history().collect()[0].id().into());
        let signed = bus.history().oldest_first().typed::<Signed>();
        assert_eq!(
            (signed[0].by.as_str(), &signed[0].copies[..], signed[1].fee),
            ("ann", &["bob".into()][..], Some(5))
        );
        let event = &signed[0];
        assert_eq!(
            (event.stream(), event.node(), event.execution()),
            ("desk", Some("planner"), Some("exec-1"))
        );
        assert_eq!(event.correlation(), Some("req-7"));
        bus.stream("desk").emit_dynamic("vendor_kind", json!({ "a": 1 })).await;
        assert_eq!(bus.history().collect()[0].kind(), "vendor_kind");
        assert_eq!(node.maybe_execution(None::<String>).scope().execution(), Some("exec-1"));
    });
}

#[test]
fn no_subscriber_at_all_is_visible() {
    trial().run(async |bus, _| {
        let receipt = bus.stream("desk").emit_plain(1_u64).await;
        assert_eq!((receipt.reached(), receipt.is_ok(), receipt.id().is_some()), (0, true, true));
    });
}

#[test]
fn every_delivery_is_in_the_receipt() {
    trial().run(async |bus, _| {
        let _a = bus.subscribe::<Plain>().handle_sync(|_| {});
        let _b = bus.subscribe::<Plain>().handle(async |_: Event<Plain>| settle().await);
        let _c = bus.subscribe::<Plain>().name("no").handle_sync(|_| Err::<(), BoxError>("no".into()));
        let _d = bus.subscribe::<Plain>().into_stream().with_gaps();
        let _e = bus.wait_for::<Plain>();
        let receipt = bus.stream("desk").emit_plain(1_u64).await;
        assert_eq!((receipt.reached(), receipt.handled(), receipt.queued()), (5, 2, 2));
        assert_eq!(
            (receipt.problems().len(), receipt.problems()[0].name(), receipt.is_ok()),
            (1, "no", false)
        );
        // The first and the final receipt agree.
        let sent = bus.stream("desk").emit_plain(2_u64).send();
        let now = sent.receipt().clone();
        assert_eq!((now.reached(), now.handled(), now.queued(), now.problems().len()), (4, 1, 1, 1));
        let whole = sent.finished().await;
        assert_eq!((whole.reached(), whole.handled(), whole.queued(), whole.problems().len()), (4, 2, 1, 1));
    });
}

#[test]
fn an_event_may_be_refused_and_the_receipt_has_the_reason() {
    trial().with(|bus| bus.max_event_bytes(40)).run(async |bus, _| {
        let long = "x".repeat(50);
        let receipt = bus.stream("desk").node("n").emit_signed(long).await;
        assert!(matches!(receipt.refused(), Some(Refused::TooLarge { limit: 40, .. })));
        let receipt = bus.stream("desk").attribute("type", "mine").emit_plain(1_u64).await;
        assert_eq!(receipt.refused(), Some(&Refused::ReservedAttribute("type".into())));
        let receipt = bus.stream("desk").emit_dynamic("vendor_kind", json!([1])).await;
        assert!(matches!(receipt.refused(), Some(Refused::InvalidData(_))));
        assert_eq!((bus.stats().refused, bus.stats().published_total), (3, 0));
    });
}

#[test]
fn an_emit_after_close_is_a_warning_once_for_each_kind_of_a_bus() {
    log::collect();
    // Both ways to refuse: what is published, and what nobody would get.
    for kept in [1_000, 0] {
        trial().with(move |bus| bus.history(kept)).run(async move |bus, _| {
            let late = |level: &str, kind: &str| log::lines(&[level, kind, "the bus is closed"]).len();
            let [named, other] = ["late", "later"].map(|kind| format!("{kind}_{kept}"));
            let desk = bus.stream("desk");
            desk.emit_dynamic(&*named, json!({})).await;
            assert_eq!(late("WARN", &named), 0);
            bus.close(std::time::Duration::ZERO).await;
            let plain = late("WARN", "kind=plain");
            for _ in 0..3 {
                assert_eq!(desk.emit_dynamic(&*named, json!({})).await.refused(), Some(&Refused::Closed));
                assert_eq!(desk.emit_plain(1_u64).send().receipt().refused(), Some(&Refused::Closed));
            }
            assert_eq!((late("WARN", &named), late("WARN", &other)), (1, 0));
            assert_eq!(late("WARN", "kind=plain"), plain + 1);
            assert_eq!(desk.emit_dynamic(&*other, json!({})).await.refused(), Some(&Refused::Closed));
            assert_eq!(late("WARN", &other), 1);
            assert_eq!(bus.stats().refused, 7);
        });
    }
}

#[test]
fn data_that_does_not_fit_its_type_is_a_warning_with_its_place_once_for_each_kind() {
    log::collect();
    trial().run(async |bus, _| {
        let _typed = bus.subscribe::<Plain>().handle_sync(|_| {});
        let desk = bus.stream("desk");
        let warnings = |kind: &str| log::lines(&["WARN", "does not fit", kind]);
        desk.emit_dynamic("plain", json!({ "n": 1 })).await;
        desk.emit_dynamic("vendor_kind", json!({ "n": "one" })).await;
        assert_eq!(warnings(""), Vec::<String>::new());
        let mut places = Vec::new();
        for _ in 0..2 {
            places.push(format!("receipts.rs:{}:", line!() + 1));
            let receipt = desk.emit_dynamic("plain", json!({ "n": "one" })).await;
            assert_eq!((receipt.reached(), receipt.is_ok()), (0, true));
        }
        let lines = warnings("plain");
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains(&places[0]) && lines[0].contains("`n`"), "{lines:?}");
        desk.node("n").emit_dynamic("signed", json!({})).send();
        assert_eq!((warnings("plain").len(), warnings("signed").len()), (1, 1));
    });
}

#[test]
fn a_reserved_attribute_is_refused_without_subscribers_too() {
    trial().with(|bus| bus.history(0).transient_history(0)).run(async |bus, _| {
        let receipt = bus.stream("desk").attribute("seq", "1").emit_plain(1_u64).await;
        assert_eq!(receipt.refused(), Some(&Refused::ReservedAttribute("seq".into())));
    });
}

#[test]
#[expect(clippy::let_underscore_future, reason = "that is what it is about")]
fn an_emit_that_is_neither_awaited_nor_sent_is_reported_in_debug_builds() {
    log::collect();
    trial().run(async |bus, _| {
        let _ = bus.stream("desk").emit_plain(1_u64).into_future();
        let lines = log::lines(&["WARN", "kind=\"plain\"", "nothing was published"]);
        assert_eq!(lines.len(), usize::from(cfg!(debug_assertions)));
        assert_eq!(bus.stats().published_total, 0);
    });
}

#[test]
fn emits_can_be_spawned_and_a_payload_emitted_as_it_is() {
    trial().run(async |bus, _| {
        let emit = bus.stream("desk").node("n").emit(Signed::new("ann").fee(1_u64));
        assert!(tokio::spawn(emit.into_future()).await.unwrap().is_ok());
        assert_eq!(bus.history().typed::<Signed>()[0].fee, Some(1));
    });
}
