//! A name that ends with `*` selects the kinds that begin with the text before it.

use bus_core::{EventBus, EventStream};

use crate::common::{Notes, trial};
use crate::{CoderEmit, OfficeEmit};

fn kinds_of(stream: &mut EventStream) -> Vec<String> {
    std::iter::from_fn(|| stream.try_recv()).map(|event| event.kind().to_owned()).collect()
}

async fn emit_all(bus: &EventBus) {
    let desk = bus.stream("desk");
    desk.emit_tool_call_started("grep").await;
    desk.emit_answer_found("42").await;
    desk.emit_tool_call_finished("grep").await;
    desk.emit_patch_made(1).await;
    for kind in ["tool_vendor", "coder.vendor", "vendor"] {
        desk.emit_dynamic(kind, serde_json::json!({})).await;
    }
}

#[test]
fn a_pattern_selects_declared_kinds_and_those_that_come_later() {
    trial().run(async |bus, _| {
        let mut tools = bus.subscribe_any().kinds(["tool_*"]).into_stream();
        let mut both = bus.subscribe_any().kinds(["coder.*", "vendor", "coder.patch_made"]).into_stream();
        let mut filtered =
            bus.subscribe_any().kinds(["tool_*"]).kinds(["coder.*"]).stream("desk").into_stream();
        let mut all = bus.subscribe_any().kinds(["*"]).into_stream();
        let handled = Notes::<String>::new();
        let note = handled.clone();
        let _guard = bus
            .subscribe_any()
            .kinds(["tool_call_*"])
            .handle_sync(move |event| note.add(event.kind().to_owned()));
        emit_all(&bus).await;
        assert_eq!(kinds_of(&mut tools), ["tool_call_started", "tool_call_finished", "tool_vendor"]);
        assert_eq!(kinds_of(&mut both), ["coder.patch_made", "coder.vendor", "vendor"]);
        assert_eq!(kinds_of(&mut filtered).len(), 5);
        assert_eq!(kinds_of(&mut all).len(), 7);
        assert_eq!(handled.all(), ["tool_call_started", "tool_call_finished"]);
    });
}

#[test]
fn a_pattern_selects_in_a_replay_and_in_a_query() {
    trial().run(async |bus, _| {
        bus.stream("desk").emit_answer_found("first").await;
        let first = bus.history().collect().remove(0).cursor();
        emit_all(&bus).await;
        let mut past = bus.subscribe_any().kinds(["coder.*"]).since(first).into_stream();
        assert_eq!(kinds_of(&mut past), ["coder.patch_made", "coder.vendor"]);
        let found = bus.history().kinds(["tool_call_*", "vendor"]).collect();
        let found: Vec<_> = found.iter().map(|event| event.kind().to_owned()).collect();
        assert_eq!(found, ["vendor", "tool_call_finished", "tool_call_started"]);
    });
}

#[test]
fn a_pattern_that_ends_leaves_nothing_behind() {
    trial().with(|builder| builder.history(0)).run(async |bus, _| {
        let sync = bus.subscribe_any().kinds(["tool_*", "vendor"]).handle_sync(|_| {});
        let stream = bus.subscribe_any().kinds(["tool_*", "vendor"]).into_stream();
        let filtered = bus.subscribe_any().kinds(["tool_*"]).node("planner").into_stream();
        emit_all(&bus).await;
        sync.unsubscribe();
        drop(stream);
        let planner = bus.stream("desk").node("planner");
        assert_eq!(planner.emit_dynamic("tool_third", serde_json::json!({})).await.reached(), 1);
        drop(filtered);
        for kind in ["tool_vendor", "tool_third", "tool_fourth", "vendor"] {
            assert_eq!(planner.emit_dynamic(kind, serde_json::json!({})).await.reached(), 0, "{kind}");
        }
    });
}

/// The bus knows 4,096 undeclared kinds one by one, since their names come from outside.
#[test]
fn a_pattern_gets_the_events_of_kinds_beyond_the_limit_of_known_ones() {
    trial().run(async |bus, _| {
        let desk = bus.stream("desk");
        for n in 0..4_096 {
            drop(desk.emit_dynamic(format!("known_{n}"), serde_json::json!({})).send());
        }
        let mut wide = bus.subscribe_any().kinds(["tool_*"]).into_stream();
        let mut narrow = bus.subscribe_any().kinds(["tool_vendor_*"]).into_stream();
        for kind in ["tool_vendor_a", "tool_other", "vendor"] {
            drop(desk.emit_dynamic(kind, serde_json::json!({})).send());
        }
        assert_eq!(kinds_of(&mut wide), ["tool_vendor_a", "tool_other"]);
        assert_eq!(kinds_of(&mut narrow), ["tool_vendor_a"]);
        drop((wide, narrow));
        assert_eq!(bus.stats().published["(other kinds)"], 3);
    });
}
