//! Conditions over published events and those that were read alike.

use bus_core::{AnyEvent, EventBus, ReadEvent};
use serde_json::json;

use crate::common::trial;
use crate::{ToolsEmit, filter};

/// Some events of every kind.
async fn events(bus: &EventBus) -> Vec<AnyEvent> {
    let desk = bus.stream("desk").execution("exec-1").node("plan").correlation("req-1");
    desk.emit_tool_started("grep").await;
    desk.emit_tool_ended("grep").is_error(true).await;
    desk.child_execution("exec-2").emit_tool_ended("Curl").await;
    let other = bus.stream("other").attribute("tenant", "acme");
    other.emit_asked(json!({ "why": ["Größe", 17, { "x.y": true }] }), "hunter2").await;
    other.emit_dynamic("vendor_failed", json!({ "code": 503 })).await;
    other.emit_dynamic("vendor_retried", json!({ "error": { "of": "vendor" } })).await;
    other.emit_dynamic("vendor_ended", json!({ "error": null, "is_error": false })).await;
    bus.history().oldest_first().collect()
}

/// Checks which of the events fit, by their position from 1.
async fn check(bus: &EventBus, cases: &[(&str, &[u64])]) {
    let events = events(bus).await;
    let lines: Vec<ReadEvent> = events.iter().map(|event| bus.read_json(&event.to_json()).unwrap()).collect();
    for (text, expected) in cases {
        let filter = filter(text);
        let fit: Vec<_> = events.iter().filter(|event| filter.matches(*event)).map(AnyEvent::seq).collect();
        assert_eq!(fit, *expected, "{text}");
        let read: Vec<_> =
            lines.iter().filter(|event| filter.matches(*event)).filter_map(ReadEvent::seq).collect();
        assert_eq!(read, *expected, "{text}, read");
    }
}

#[test]
fn kinds_and_scope() {
    trial().run(async |bus, _| {
        let cases: &[(&str, &[u64])] = &[
            ("", &[1, 2, 3, 4, 5, 6, 7]),
            ("kind:tool_started", &[1]),
            ("kind:tool_begun", &[1]),
            ("kind:tool_*,asked", &[1, 2, 3, 4]),
            ("kind:*", &[1, 2, 3, 4, 5, 6, 7]),
            ("kind:tool", &[]),
            ("execution:exec-1", &[1, 2]),
            ("execution:exec-1,exec-2 kind:tool_ended", &[2, 3]),
            ("parent_execution:exec-1", &[3]),
            ("attribute.parent_execution_id:exec-1", &[3]),
            ("node:plan correlation:req-1 stream:desk", &[1, 2, 3]),
            ("attribute.tenant:acme", &[4, 5, 6, 7]),
            ("-execution:exec-1 -kind:vendor_*", &[3, 4]),
            ("-stream:desk,other", &[]),
            ("node:\"\"", &[]),
        ];
        check(&bus, cases).await;
    });
}

#[test]
fn data_and_text() {
    trial().run(async |bus, _| {
        let cases: &[(&str, &[u64])] = &[
            ("data.tool:grep", &[1, 2]),
            ("data.tool:grep,Curl -data.is_error:true", &[1, 3]),
            ("data.question.why:17", &[4]),
            ("data.question.why:Größe", &[4]),
            ("data.question.why.x.y:true", &[4]),
            ("data.error.of:vendor", &[6]),
            ("data.error:null", &[7]),
            ("data.tool:gre", &[]),
            ("curl", &[3]),
            ("GRE", &[1, 2]),
            ("GRÖSSE", &[]),
            ("GRÖßE", &[4]),
            ("503", &[5]),
            ("acme retried", &[6]),
            ("exec-1", &[1, 2, 3]),
            ("-vendor -grep", &[3, 4]),
            ("why", &[]),
        ];
        check(&bus, cases).await;
    });
}

#[test]
fn what_is_redacted_is_not_found() {
    trial().run(async |bus, _| {
        check(&bus, &[("hunter2", &[]), ("data.secret:hunter2", &[]), ("redacted", &[4])]).await;
    });
}

#[test]
fn errors() {
    trial().run(async |bus, _| {
        check(&bus, &[("error", &[2, 5, 6]), ("-error", &[1, 3, 4, 7]), ("error -error", &[])]).await;
        let failed: Vec<_> = bus.history().oldest_first().collect().iter().map(AnyEvent::is_error).collect();
        assert_eq!(failed, [false, true, false, false, true, true, false]);
    });
}

#[test]
fn times_begin_with_their_first_moment_and_end_before_their_last() {
    let read = |time: &str| {
        let line = format!(r#"{{"type":"a","stream_id":"s","timestamp":"{time}"}}"#);
        EventBus::new().read_json(&line).unwrap()
    };
    let hour = filter("after:2026-11-22T06:00:00Z before:2026-11-22T07:00:00Z");
    for (time, fits) in [
        ("2026-11-22T05:59:59.999999999", false),
        ("2026-11-22T06:00:00", true),
        ("2026-11-22T06:59:59.999999999", true),
        ("2026-11-22T07:00:00", false),
    ] {
        assert_eq!(hour.matches(&read(time)), fits, "{time}");
    }
}
