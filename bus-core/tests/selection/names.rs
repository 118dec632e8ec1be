//! Names that nobody declares, and subscriptions that end at once, are in the log with their place.

use crate::common::{log, trial};

/// The line of this file in which the macro stands.
macro_rules! here {
    () => {
        format!("names.rs:{}:", line!())
    };
}

#[test]
fn a_name_much_like_a_declared_kind_is_a_warning_with_that_kind() {
    log::collect();
    trial().run(async |bus, _| {
        for (name, nearest) in [
            ("ToolCallStarted", "tool_call_started"),
            ("tool-call-started", "tool_call_started"),
            ("tool_call_stared", "tool_call_started"),
            ("patch_made", "coder.patch_made"),
            ("coder.answer_found", "answer_found"),
            ("coders.*", "coder.patch_applied"),
            ("patch_*", "coder.patch_applied"),
            ("coder.answer_*", "answer_found"),
        ] {
            let (_, place) = (bus.subscribe_any().kinds([name]), here!());
            let lines = log::lines(&["WARN", &place, nearest, name]);
            assert_eq!(lines.len(), 1, "{name}: {lines:?}");
            let (_, place) = (bus.history().kinds([name]), here!());
            assert_eq!(log::lines(&["WARN", &place, nearest, name]).len(), 1, "{name}");
        }
    });
}

#[test]
fn a_name_is_reported_once_for_each_place() {
    log::collect();
    trial().run(async |bus, _| {
        for _ in 0..3 {
            let _ = bus.subscribe_any().kinds(["PatchMade"]);
        }
        assert_eq!(log::lines(&["WARN", "names.rs", "PatchMade"]).len(), 1);
    });
}

#[test]
fn a_kind_like_no_other_is_no_warning() {
    log::collect();
    trial().run(async |bus, _| {
        bus.stream("desk").emit_dynamic("tool_call_begun", serde_json::json!({})).await;
        let names = ["billing.charged", "tool_call_begun", "answer_*", "coder.*", "started"];
        let (_, place) = (bus.subscribe_any().kinds(names), here!());
        assert!(log::lines(&["WARN", &place]).is_empty(), "{:?}", log::lines(&[&place]));
        // One that nobody has published is mentioned all the same.
        assert_eq!(log::lines(&["INFO", &place]).len(), 2, "{:?}", log::lines(&[&place]));
    });
}

#[test]
fn an_empty_list_of_kinds_is_a_warning() {
    log::collect();
    trial().run(async |bus, _| {
        let (_, place) = (bus.subscribe_any().kinds([""; 0]), here!());
        assert_eq!(log::lines(&["WARN", &place, "empty list"]).len(), 1);
    });
}

/// Names may come from outside.
#[test]
fn a_bus_warns_of_a_bounded_number_of_names() {
    log::collect();
    trial().run(async |bus, _| {
        let names: Vec<_> = (0..300).map(|n| format!("answer_*_{n}")).collect();
        let (_, place) = (bus.subscribe_any().kinds(&names), here!());
        assert_eq!(log::lines(&["WARN", &place]).len(), 256);
    });
}

#[test]
fn a_star_that_is_not_at_the_end_is_a_warning() {
    log::collect();
    trial().run(async |bus, _| {
        let (_, place) = (bus.subscribe_any().kinds(["tool_*_started"]), here!());
        assert_eq!(log::lines(&["WARN", &place, "only at the end"]).len(), 1);
    });
}

#[test]
fn a_guard_that_is_dropped_at_once_is_a_warning() {
    log::collect();
    // A thread that is interrupted between the two may take its time.
    let warned = (0..1_000).any(|_| {
        trial().run(async |bus, _| {
            let _ = bus.subscribe_any().name("dropped-at-once").handle_sync(|_| {});
        });
        !log::lines(&["WARN", "dropped-at-once", "names.rs", "let _guard"]).is_empty()
    });
    assert!(warned);
}

#[test]
fn a_guard_that_ends_as_it_should_is_no_warning() {
    log::collect();
    trial().run(async |bus, _| {
        bus.subscribe_any().name("ends-as-it-should").handle_sync(|_| {}).unsubscribe();
        bus.subscribe_any().name("ends-as-it-should").handle_sync(|_| {}).detach();
        let guard = bus.subscribe_any().name("ends-as-it-should").handle_sync(|_| {});
        bus.stream("desk").emit_dynamic("asked", serde_json::json!({})).await;
        drop(guard);
        let guard = bus.subscribe_any().name("ends-as-it-should").handle_sync(|_| {});
        let other = bus.clone();
        tokio::task::spawn_blocking(move || drop((guard, other))).await.unwrap();
    });
    assert!(log::lines(&["ends-as-it-should"]).is_empty());
}
