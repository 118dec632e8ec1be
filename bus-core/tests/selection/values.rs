//! Several values of one name select any of them.

use bus_core::{AnyEvent, EventBus};

use crate::common::trial;
use crate::{AnswerFound, OfficeEmit};

/// The answers of the events, in order.
fn answers(events: &[AnyEvent]) -> Vec<String> {
    events.iter().filter_map(|event| Some(event.payload::<AnswerFound>()?.answer.clone())).collect()
}

/// Emits in three executions, each with three nodes.
async fn emit_all(bus: &EventBus) {
    for execution in ["a", "b", "c"] {
        for node in ["1", "2", "3"] {
            let emitter = bus.stream("desk").execution(execution).node(node).attribute("graph_id", node);
            emitter.correlation(execution).emit_answer_found(format!("{execution}{node}")).await;
        }
    }
}

#[test]
fn several_values_of_one_name_select_any_of_them() {
    trial().run(async |bus, _| {
        let all = || bus.subscribe_any();
        let mut streams = [
            (all().execution("a").execution("c").into_stream(), "a1 a2 a3 c1 c2 c3"),
            (all().node("1").node("3").execution("b").into_stream(), "b1 b3"),
            (all().node("1").node("2").execution("a").execution("b").into_stream(), "a1 a2 b1 b2"),
            (all().stream("desk").stream("other").node("3").into_stream(), "a3 b3 c3"),
            (all().correlation("a").correlation("b").node("2").into_stream(), "a2 b2"),
            (
                all().attribute("graph_id", "1").attribute("graph_id", "2").execution("c").into_stream(),
                "c1 c2",
            ),
            (all().execution("a").execution("a").node("2").into_stream(), "a2"),
        ];
        emit_all(&bus).await;
        for (stream, expected) in &mut streams {
            let mut found = Vec::new();
            while let Some(event) = stream.try_recv() {
                found.push(event);
            }
            assert_eq!(answers(&found).join(" "), *expected);
        }
    });
}

#[test]
fn a_handler_and_a_replay_select_any_of_several_values_too() {
    trial().run(async |bus, _| {
        let handled = crate::common::Notes::<String>::new();
        let note = handled.clone();
        let _guard = bus
            .subscribe::<AnswerFound>()
            .execution("a")
            .execution("b")
            .node("1")
            .node("2")
            .handle_sync(move |event| note.add(event.answer.clone()));
        bus.stream("desk").emit_answer_found("first").await;
        let first = bus.history().collect().remove(0).cursor();
        emit_all(&bus).await;
        assert_eq!(handled.all().join(" "), "a1 a2 b1 b2");
        let mut past =
            bus.subscribe_any().since(first).node("3").node("2").execution("b").execution("c").into_stream();
        let mut found = Vec::new();
        while let Some(event) = past.try_recv() {
            found.push(event);
        }
        assert_eq!(answers(&found).join(" "), "b2 b3 c2 c3");
    });
}

#[test]
fn a_query_of_the_history_selects_any_of_several_values() {
    trial().run(async |bus, _| {
        emit_all(&bus).await;
        let query = bus.history().oldest_first().execution("a").execution("c").node("1").node("2");
        assert_eq!(answers(&query.collect()).join(" "), "a1 a2 c1 c2");
    });
}

#[test]
fn a_subscription_with_several_values_that_ends_leaves_nothing_behind() {
    trial().run(async |bus, _| {
        let guard = bus.subscribe_any().execution("a").execution("b").node("1").node("2").handle_sync(|_| {});
        let stream = bus.subscribe_any().execution("a").execution("b").into_stream();
        guard.unsubscribe();
        drop(stream);
        let receipt = bus.stream("desk").execution("b").node("1").emit_answer_found("late").await;
        assert_eq!(receipt.reached(), 0);
        assert!(bus.stats().subscriptions.is_empty());
    });
}
