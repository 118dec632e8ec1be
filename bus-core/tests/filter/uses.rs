//! Subscriptions and queries that take a filter.

use bus_core::filter::Field;
use bus_core::{AnyEvent, EventBus, EventStream, Filter, Since};
use serde_json::json;

use crate::common::{log, trial};
use crate::{ToolEnded, Tools, ToolsEmit, filter};

async fn emit_all(bus: &EventBus) {
    for execution in ["exec-1", "exec-2", "exec-3"] {
        let run = bus.stream("desk").execution(execution);
        for node in ["plan", "act"] {
            let node = run.node(node);
            node.emit_tool_started("grep").await;
            node.emit_tool_ended("grep").is_error(execution == "exec-2").await;
            node.emit_dynamic("vendor_kind", json!({ "n": 17 })).await;
        }
    }
}

fn seqs(stream: &mut EventStream) -> Vec<u64> {
    std::iter::from_fn(|| stream.try_recv()).map(|event| event.seq()).collect()
}

const TEXTS: [&str; 11] = [
    "",
    "kind:tool_started",
    "kind:tool_begun",
    "kind:tool_*,vendor_kind execution:exec-1,exec-3",
    "execution:exec-1,exec-2 node:plan,act error",
    "-kind:tool_* node:act",
    "\"grep\" -execution:exec-2",
    "data.n:17 execution:exec-2",
    "kind:vendor_kind kind:tool_ended after:1h",
    "attribute.parent_execution_id:exec-1",
    "before:1h",
];

#[test]
fn live_past_and_queries_agree_with_the_filter_itself() {
    trial().run(async |bus, _| {
        let mut live: Vec<_> =
            TEXTS.map(|text| bus.subscribe_any().matching(filter(text)).into_stream()).into();
        emit_all(&bus).await;
        let all = bus.history().oldest_first().collect();
        assert_eq!(all.len(), 18);
        for (text, live) in TEXTS.iter().zip(&mut live) {
            let wanted = filter(text);
            let fit: Vec<_> = all.iter().filter(|event| wanted.matches(*event)).map(AnyEvent::seq).collect();
            assert_eq!(seqs(live), fit, "{text}, live");
            let past = bus.subscribe_any().since(Since::Beginning).matching(wanted.clone());
            assert_eq!(seqs(&mut past.into_stream()), fit, "{text}, past");
            let query = bus.history().matching(wanted.clone()).oldest_first();
            assert_eq!(query.collect().iter().map(AnyEvent::seq).collect::<Vec<_>>(), fit, "{text}, query");
            let newest = bus.history().matching(wanted).limit(2).collect();
            let last: Vec<_> = fit.iter().rev().take(2).copied().collect();
            assert_eq!(newest.iter().map(AnyEvent::seq).collect::<Vec<_>>(), last, "{text}, newest");
        }
    });
}

#[test]
fn a_filter_narrows_and_nothing_widens_it() {
    trial().run(async |bus, _| {
        let own = || filter("execution:exec-1 kind:tool_ended");
        let mut streams = [
            bus.subscribe_any()
                .execution("exec-1")
                .execution("exec-2")
                .kinds(["tool_*"])
                .matching(own())
                .into_stream(),
            bus.subscribe_any().matching(own()).execution("exec-1").kinds(["tool_ended"]).into_stream(),
            bus.subscribe_any().matching(own()).matching(filter("execution:exec-1,exec-2")).into_stream(),
            bus.subscribe_any().matching(filter("kind:tool_* node:plan,act")).matching(own()).into_stream(),
        ];
        let mut none = [
            bus.subscribe_any().matching(own()).execution("exec-2").into_stream(),
            bus.subscribe_any().matching(own()).kinds(["vendor_kind"]).into_stream(),
            bus.subscribe_any().matching(own()).matching(filter("execution:exec-2")).into_stream(),
        ];
        emit_all(&bus).await;
        for (at, stream) in streams.iter_mut().enumerate() {
            assert_eq!(seqs(stream), [2, 5], "stream {at}");
        }
        for (at, stream) in none.iter_mut().enumerate() {
            assert!(seqs(stream).is_empty(), "stream {at}");
        }
        let both = bus.history().matching(own()).matching(filter("node:act")).collect();
        assert_eq!(both.iter().map(AnyEvent::seq).collect::<Vec<_>>(), [5]);
        assert!(bus.history().execution("exec-2").matching(own()).collect().is_empty());
    });
}

#[test]
fn typed_subscriptions_and_waits_take_one() {
    trial().run(async |bus, _| {
        let mut ended = bus.subscribe::<Tools>().matching(filter("kind:tool_ended node:plan")).into_stream();
        let first = bus.subscribe::<ToolEnded>().matching(filter("error")).first();
        emit_all(&bus).await;
        let seqs: Vec<_> = std::iter::from_fn(|| ended.try_recv()).map(|event| event.seq()).collect();
        assert_eq!(seqs, [2, 8, 14]);
        assert_eq!(first.await.unwrap().seq(), 8);
        let typed = bus.history().matching(filter("error")).typed::<ToolEnded>();
        assert_eq!(typed.len(), 2);
    });
}

#[test]
fn a_kind_that_nobody_declares_is_a_warning_with_the_nearest() {
    log::collect();
    trial().run(async |bus, _| {
        let _streams = [
            bus.subscribe_any().matching(filter("kind:tool_startet")).into_stream(),
            bus.subscribe_any().matching(Filter::new().without(Field::Kind, "tool_startid")).into_stream(),
        ];
        let _events = bus.history().matching(filter("kind:tool_startes")).collect();
        for kind in ["tool_startet", "tool_startid", "tool_startes"] {
            let lines = log::lines(&["WARN", kind, "nearest=\"tool_started\"", "filter/uses.rs"]);
            assert_eq!(lines.len(), 1, "{kind}: {lines:?}");
        }
        let unknown = filter("kind:tool_startet,asked,tool_* -kind:xyz").unknown_kinds(&bus.catalogue());
        let unknown: Vec<_> = unknown.iter().map(|unknown| (unknown.kind(), unknown.nearest())).collect();
        assert_eq!(unknown, [("tool_startet", Some("tool_started")), ("xyz", None)]);
    });
}
