//! Reading any text, and that nothing of it is lost.

use bus_core::{EventBus, ReadEvent};
use serde_json::{Value, json};

use crate::common::audited;
use crate::define::{BuildFinished, LlmTextDelta, OrderPaid, ToolCallStarted};

/// An event of one kind with this `data` and `rest`.
fn line(kind: &str, data: &str, rest: &str) -> String {
    format!(
        r#"{{"type":"{kind}","stream_id":"s","data":{data},"timestamp":"2026-11-22T06:14:08.602474"{rest}}}"#
    )
}

fn read(kind: &str, data: &str, rest: &str) -> ReadEvent {
    EventBus::new().read_json(&line(kind, data, rest)).unwrap()
}

/// The event as it is written back.
fn again(event: &ReadEvent) -> Value {
    serde_json::from_str(&event.to_json()).unwrap()
}

#[test]
fn a_declared_kind_is_typed() {
    let event = read("llm_text_delta", r#"{"content":"a","snapshot":"ba"}"#, "");
    assert_eq!(event.payload::<LlmTextDelta>(), Some(&LlmTextDelta::new("a", "ba")));
    assert!(event.payload::<ToolCallStarted>().is_none());
    assert!(event.is_declared() && event.decode_error().is_none());
    assert_eq!((event.id(), event.seq(), event.causation(), event.version()), (None, None, None, Some(1)));
}

#[test]
fn defaults_replace_absent_and_null_values() {
    for data in [
        r#"{"tool_use_id":"t","tool_name":"n"}"#,
        r#"{"tool_use_id":"t","tool_name":"n","tool_input":null}"#,
        r#"{"tool_use_id":"t","tool_name":"n","tool_input":{},"unknown":[1]}"#,
    ] {
        let event = read("tool_call_started", data, "");
        assert_eq!(event.payload::<ToolCallStarted>(), Some(&ToolCallStarted::new("t", "n")), "{data}");
        // The text is unchanged, with the unknown key and the null.
        assert_eq!(event.raw_data(), Some(data));
    }
}

#[test]
fn an_old_name_becomes_the_current_one() {
    for kind in ["build_finished", "build_done", "build.finished", "BuildDone"] {
        let event = read(kind, r#"{"ok":true}"#, "");
        assert_eq!(event.kind(), "build_finished");
        assert_eq!(event.payload::<BuildFinished>(), Some(&BuildFinished::new(true)));
        assert_eq!(again(&event)["type"], "build_finished");
    }
}

#[test]
fn an_old_version_is_converted_and_kept_as_it_was() {
    for (data, version) in [
        (r#"{"order":"o-1","total":5}"#, ""),
        (r#"{"order":"o-1","total":5}"#, r#","version":1"#),
        (r#"{"order":"o-1","total":500}"#, r#","version":2"#),
        (r#"{"order":"o-1","cents":500}"#, r#","version":3"#),
        // From a later program: the known part is read.
        (r#"{"order":"o-1","cents":500,"currency":"eur"}"#, r#","version":4"#),
    ] {
        let event = read("order_paid", data, version);
        assert_eq!(event.payload::<OrderPaid>(), Some(&OrderPaid::new("o-1", 500_u64)), "{data} {version}");
        assert_eq!(event.raw_data(), Some(data));
        let written = again(&event);
        assert_eq!(written["data"], serde_json::from_str::<Value>(data).unwrap());
        assert_eq!(written["version"], event.version().unwrap());
        // The converted value is also in the output.
        let second = EventBus::new().read_json(&event.to_json()).unwrap();
        assert_eq!(second.payload::<OrderPaid>(), event.payload::<OrderPaid>());
    }
    let error = read("order_paid", r#"{"order":"o-1"}"#, "").decode_error().unwrap().to_string();
    assert!(error.contains("`total` must be a whole number"), "{error}");
}

#[test]
fn data_that_does_not_fit_stays_an_event() {
    for data in [r#"{"content":"a"}"#, r#"{"content":5,"snapshot":""}"#, "null", "[]", "\"text\""] {
        let event = read("llm_text_delta", data, "");
        assert_eq!(event.kind(), "llm_text_delta");
        assert!(event.is_declared());
        assert!(event.payload::<LlmTextDelta>().is_none());
        assert!(event.decode_error().is_some(), "{data}");
        assert_eq!(event.raw_data(), Some(data));
        assert_eq!(again(&event)["data"], serde_json::from_str::<Value>(data).unwrap());
    }
    let error = read("llm_text_delta", r#"{"content":"a"}"#, "").decode_error().unwrap().to_string();
    assert!(error.contains("`llm_text_delta`") && error.contains("`snapshot`"), "{error}");
}

#[test]
fn an_undeclared_kind_stays_an_event() {
    let event = read("vendor_kind", r#"[1.10, {"a":null}]"#, "");
    assert!(!event.is_declared() && event.decode_error().is_none());
    assert_eq!(
        (event.kind(), event.raw_data(), event.version()),
        ("vendor_kind", Some(r#"[1.10, {"a":null}]"#), None)
    );
    assert!(event.to_json().contains(r#""data":[1.10, {"a":null}],"#));
}

/// A kind that is declared after the reader was made is found.
#[test]
fn a_reader_learns_of_new_kinds() {
    let bus = audited(EventBus::new());
    let mut reader = bus.reader();
    assert!(!reader.read(&line("vendor_kind", "{}", "")).unwrap().is_declared());
    assert!(reader.read(&line("build_finished", r#"{"ok":true}"#, "")).unwrap().is_declared());
}

#[test]
fn extra_keys_are_attributes_or_are_kept() {
    let extra = r#","graph_id":"g","retries":3,"exact":1.100,"gone":null,"trace":{"a":[true]},"no":false"#;
    let event = read("vendor_kind", "{}", extra);
    assert_eq!(event.scope().attribute("graph_id"), Some("g"));
    assert_eq!(event.scope().attribute("retries"), None);
    let text = event.to_json();
    assert!(
        text.contains(
            r#","graph_id":"g","retries":3,"exact":1.100,"trace":{"a":[true]},"no":false,"id":null,"#
        ),
        "{text}"
    );
    // Kept through a second reading too.
    assert_eq!(EventBus::new().read_json(&text).unwrap().to_json(), text);
}

/// The cost of a hostile line grows with its length only: no lookup searches all other keys again.
#[test]
fn many_keys_cost_no_more_than_their_length() {
    let keys: Vec<String> = (0..100_000).map(|key| format!(r#""a{key}":"","n{key}":{key}"#)).collect();
    let fields: Vec<String> = (0..100_000).map(|key| format!(r#""{key}":0"#)).collect();
    let event = read("vendor_kind", &format!("{{{}}}", fields.join(",")), &format!(",{}", keys.join(",")));
    assert_eq!(event.scope().attributes().count(), 100_000);
    let text = event.to_json();
    assert_eq!(EventBus::new().read_json(&text).unwrap().to_json(), text);
}

/// Digits outside of `f64`, unknown keys, any kind of escape: the text is the same.
#[test]
fn data_is_kept_to_the_letter() {
    let data = r#"{"n":123456789012345678901234567890.12345678901234567890,"e":1E+300,"z":-0.0,"s":"\u0041\/\ud83d\ude00","":[]}"#;
    let event = read("vendor_kind", data, "");
    assert_eq!(event.raw_data(), Some(data));
    assert!(event.to_json().contains(data));
}

#[test]
fn redacted_content_is_not_written_back() {
    let data = r#"{"path":"/in","headers":{"authorization":"secret"},"unknown":1}"#;
    let event = read("webhook_received", data, "");
    assert!(event.decode_error().is_none());
    let written = again(&event);
    assert_eq!(
        written["data"],
        json!({ "path": "/in", "headers": { "authorization": "[redacted]" }, "unknown": 1 })
    );
    // The same if the data does not fit.
    let event = read("webhook_received", r#"{"headers":{"authorization":"secret"}}"#, "");
    assert!(event.decode_error().is_some());
    assert!(!event.to_json().contains("secret"));
    assert!(!format!("{event:?}").contains("secret"));
}

#[test]
fn a_naive_time_is_in_the_zone_of_the_reader() {
    let bus = audited(EventBus::new());
    let text = line("k", "{}", "");
    let utc = bus.read_json(&text).unwrap().timestamp();
    let east = bus.reader().zone("+02:00".parse().unwrap()).read(&text).unwrap().timestamp();
    assert_eq!(utc.duration_since(east).unwrap().as_secs(), 7200);
}

/// Published again: scope, id and time are kept, the position is new.
#[tokio::test]
async fn a_republished_event_is_unchanged() {
    let bus = audited(EventBus::new());
    let rest = r#","node_id":"n","execution_id":"e","correlation_id":"c","graph_id":"g","tries":2,"id":"00c0ffee00c0ffee-42","seq":42,"version":1,"causation_id":"00c0ffee00c0ffee-41""#;
    let data = r#"{"ok":true, "unknown":1.10}"#;
    let read = bus.read_json(&line("build_done", data, rest)).unwrap();
    bus.stream("other").emit_dynamic("before", json!({})).await;
    assert!(bus.republish(read.clone()).await.is_ok());

    let event = bus.history().collect().remove(0);
    assert_eq!(event.scope(), read.scope());
    assert_eq!(
        (Some(event.id()), event.causation(), event.timestamp()),
        (read.id(), read.causation(), read.timestamp())
    );
    assert_eq!(event.seq(), 2);
    assert_eq!(event.payload::<BuildFinished>(), Some(&BuildFinished::new(true)));
    let text = event.to_json();
    assert_eq!(text, read.to_json().replace(r#""seq":42"#, r#""seq":2"#));
    assert!(text.contains(data) && text.contains(r#""tries":2"#), "{text}");
}

/// A subscription by kind and history show events without a type; a typed subscription does not.
#[tokio::test]
async fn an_event_without_a_type_reaches_subscriptions_by_kind() {
    let bus = audited(EventBus::new());
    let mut typed = bus.subscribe::<LlmTextDelta>().into_stream().with_gaps();
    let mut named = bus.subscribe_any().kinds(["llm_text_delta", "vendor_kind"]).into_stream().with_gaps();
    let unfit = r#"{"content":"a"}"#;
    for (kind, data) in [
        ("llm_text_delta", unfit),
        ("vendor_kind", "{}"),
        ("llm_text_delta", r#"{"content":"a","snapshot":"a"}"#),
    ] {
        assert!(bus.republish(bus.read_json(&line(kind, data, "")).unwrap()).await.is_ok());
    }
    let seen: Vec<_> = (0..3).map(|_| named.try_recv().unwrap().unwrap()).collect();
    assert_eq!(
        seen.iter().map(bus_core::AnyEvent::kind).collect::<Vec<_>>(),
        ["llm_text_delta", "vendor_kind", "llm_text_delta"]
    );
    assert_eq!(
        seen.iter().map(|event| event.decode_error().is_some()).collect::<Vec<_>>(),
        [true, false, false]
    );
    assert_eq!(seen[0].data(), json!({ "content": "a" }));
    assert_eq!(typed.try_recv().unwrap().unwrap().snapshot, "a");
    assert!(typed.try_recv().is_none());
    assert_eq!(bus.history().collect().len(), 3);
}
