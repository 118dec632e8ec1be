//! The lenient reader: lines of other systems, and what JSON does not allow.

use bus_core::wire::{Mended, Zone};
use bus_core::{EventBus, ReadEvent};
use serde_json::{Value, json};

use crate::common::audited;
use crate::foreign::Stepped;

/// The events of these lines, in the form in which they are written, and what was changed.
fn read(lines: &str) -> (Vec<Value>, Mended) {
    let bus = audited(EventBus::new());
    let mut reader = bus.reader().lenient("import").lines(lines.as_bytes());
    let events: Vec<ReadEvent> = reader.by_ref().map(|line| line.unwrap()).collect();
    (events.iter().map(|event| serde_json::from_str(&event.to_json()).unwrap()).collect(), reader.mended())
}

fn one(line: &Value) -> (Value, Mended) {
    let (mut events, mended) = read(&line.to_string());
    assert_eq!((events.len(), mended.events), (1, 1));
    (events.remove(0), mended)
}

const TIME: &str = r#""timestamp":"2026-11-22T06:14:08.602474+00:00""#;

#[test]
fn what_is_not_quite_json_is_mended_and_counted() {
    let line = format!(
        r#"{{"type":"foreign_stepped","stream_id":"s","data":{{"step":"a\ud800b\\ud800 NaN \udc00","x":[NaN,-Infinity,{{"y":Infinity}},-1],"pair":"\ud83d\ude00"}},{TIME}}}"#
    );
    let strict = EventBus::new().read_json(&line).unwrap_err();
    assert!(strict.to_string().contains("half a surrogate pair"), "{strict}");
    let (events, mended) = read(&line);
    let data = json!({ "step": "a\u{fffd}b\\ud800 NaN \u{fffd}", "x": [null, null, { "y": null }, -1], "pair": "😀" });
    assert_eq!(events[0]["data"], data);
    let expected = "1 events mended: 2 half surrogate pairs became U+FFFD, 3 NaN or Infinity became null";
    assert_eq!(mended.to_string(), expected);
    let bus = EventBus::new();
    let typed = bus.reader().lenient("import").read(&line).unwrap();
    assert!(typed.payload::<Stepped>().is_some());
}

#[test]
fn events_of_ag_ui_come_in() {
    let (event, mended) = one(&json!({
        "type": "TEXT_MESSAGE_CONTENT", "messageId": "m-1", "delta": "Hi", "timestamp": 1_795_328_048_602_u64
    }));
    assert_eq!((&event["type"], &event["stream_id"]), (&json!("TEXT_MESSAGE_CONTENT"), &json!("import")));
    assert_eq!(event["timestamp"], "2026-11-22T06:14:08.602000+00:00");
    assert_eq!(
        (&event["data"]["delta"], &event["data"]["timestamp"]),
        (&json!("Hi"), &json!(1_795_328_048_602_u64))
    );
    assert_eq!((mended.streams, mended.times, mended.wrapped, mended.moved), (1, 1, 1, 0));
}

#[test]
fn chat_transcripts_and_logs_come_in() {
    let (event, mended) =
        one(&json!({ "role": "User", "content": "Hello", "created_at": "2026-11-22T06:14:08Z" }));
    assert_eq!((&event["type"], &event["data"]["content"]), (&json!("message_user"), &json!("Hello")));
    assert_eq!((mended.kinds, mended.times), (1, 1));
    for (line, kind) in [
        (json!({ "level": "INFO", "msg": "began", "ts": 1_795_328_048.602_474 }), "log_info"),
        (json!({ "severityText": "WARN", "body": {}, "timeUnixNano": "1795328048602474000" }), "log_warn"),
        (json!({ "event": "on_chain_start", "time": 1_795_328_048_602_474_u64 }), "on_chain_start"),
        (json!({ "messages": [], "@timestamp": "2026-11-22T06:14:08.602474Z" }), "line"),
    ] {
        let (event, _) = one(&line);
        assert_eq!((&event["type"], &event["data"]), (&json!(kind), &line));
        assert_eq!(event["timestamp"], "2026-11-22T06:14:08.602474+00:00");
    }
}

/// A line of `CloudEvents` has its own `data`, so the keys beside it stay beside it.
#[test]
fn keys_beside_data_stay_there() {
    let (event, mended) = one(&json!({
        "specversion": "1.0", "type": "order.placed", "source": "/shop", "id": "A-1", "time": "2026-11-22T06:14:08Z",
        "data": { "n": 1 }, "subject": null, "tries": 2
    }));
    let beside = ["source", "specversion", "id", "tries", "data"].map(|key| event[key].clone());
    assert_eq!(beside, [json!("/shop"), json!("1.0"), json!("A-1"), json!(2), json!({ "n": 1 })]);
    assert_eq!((mended.wrapped, mended.moved, mended.kinds), (0, 0, 0));
}

#[test]
fn a_value_that_does_not_fit_its_key_is_kept_under_another() {
    let (event, mended) = one(&json!({
        "type": 5, "stream_id": 7, "node_id": { "a": 1 }, "execution_id": true, "correlation_id": [2], "data": {},
        "timestamp": 1_795_328_048, "id": false, "seq": [], "version": {}, "causation_id": []
    }));
    assert_eq!(["type", "stream_id", "execution_id"].map(|key| event[key].clone()), ["line", "7", "true"]);
    for (key, value) in [
        ("type", json!(5)),
        ("stream_id", json!(7)),
        ("node_id", json!({ "a": 1 })),
        ("execution_id", json!(true)),
        ("correlation_id", json!([2])),
        ("timestamp", json!(1_795_328_048)),
        ("id", json!(false)),
        ("seq", json!([])),
        ("version", json!({})),
        ("causation_id", json!([])),
    ] {
        assert_eq!(event[format!("foreign_{key}")], value, "{key}");
    }
    assert_eq!((mended.moved, mended.kinds, mended.times, mended.streams), (10, 1, 1, 0));
}

/// A line that went through another lenient reader has such keys of its own.
#[test]
fn a_value_is_kept_where_its_other_key_is_taken() {
    let (event, mended) = one(&json!({
        "type": "a", "stream_id": "s", "data": {}, "time": "2026-11-22T06:14:08Z", "foreign_id": "old", "id": [1],
        "foreign_seq": null, "seq": [2]
    }));
    assert_eq!((&event["foreign_id"], &event["foreign_foreign_id"]), (&json!("old"), &json!([1])));
    assert_eq!(event["foreign_foreign_seq"], json!([2]));
    assert_eq!(mended.moved, 2);
}

#[test]
fn a_line_without_a_time_has_that_of_the_line_before() {
    let first = r#"{"role":"system"}"#;
    let good = format!(r#"{{"type":"a","stream_id":"s",{TIME}}}"#);
    let (events, mended) = read(&[first, &good, r#"{"role":"user"}"#].join("\n"));
    let times: Vec<_> = events.iter().map(|event| event["timestamp"].as_str().unwrap()).collect();
    assert_eq!(times[0], "1970-01-01T00:00:00.000000+00:00");
    assert_eq!(times[1..], ["2026-11-22T06:14:08.602474+00:00"; 2]);
    assert_eq!((mended.events, mended.timeless), (2, 2));
}

/// Nothing is guessed where a part is missing or has two meanings.
#[test]
fn damaged_lines_stay_errors() {
    let bus = EventBus::new();
    for line in [
        r#"{"type":"a""#,
        "[1,2]",
        "plain text",
        r#"{"a":NaN,"a":1}"#,
        r#"{"type":"a"}{"type":"b"}"#,
        "",
        "{\"a\":NaNo}",
        "{\"a\":\"\u{0}\",\"b\":NaN}",
        r#"{"a":1e400}"#,
    ] {
        let strict = bus.read_json(line).unwrap_err();
        assert_eq!(bus.reader().lenient("import").read(line).unwrap_err(), strict, "{line}");
    }
}

#[test]
fn a_strict_reader_changes_nothing_and_counts_nothing() {
    let bus = EventBus::new();
    let mut reader = bus.reader().zone(Zone::UTC);
    assert!(reader.read(r#"{"type":"a","data":{},"timestamp":1}"#).is_err());
    assert_eq!(reader.mended(), Mended::default());
    let mut lenient = bus.reader().lenient("import");
    let line = format!(r#"{{"type":"a","stream_id":"s","x":1,{TIME}}}"#);
    assert_eq!(lenient.read(&line).unwrap().to_json(), reader.read(&line).unwrap().to_json());
    assert_eq!(lenient.mended(), Mended::default());
}
