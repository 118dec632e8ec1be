//! The envelope: ours, the Python runtime's, and invalid ones.

use std::borrow::Cow;
use std::time::{Duration, UNIX_EPOCH};

use crate::event::EventId;
use crate::scope::RESERVED;
use crate::time::Zone;
use crate::wire::envelope::Envelope;
use crate::wire::error::{ReadError, ReadProblem as P};
use crate::wire::keys::Keys;
use crate::wire::limits::Limits;

fn read(text: &str) -> Result<Envelope<'_>, ReadError> {
    Envelope::read(text, Limits::new(), &Zone::UTC, &mut Keys::default())
}

fn id(seq: u64) -> EventId {
    EventId::new(0x00c0_ffee_00c0_ffee, seq)
}

const PYTHON: &str = r#"{"type": "execution_started", "stream_id": "webhook", "node_id": null, "execution_id": "e-1", "data": {"input": {"topic": "goals"}}, "timestamp": "2026-11-22T06:14:08.602801", "correlation_id": "req-0", "graph_id": "desk"}"#;

#[test]
fn the_python_runtime() {
    let event = read(PYTHON).unwrap();
    assert_eq!((&*event.kind, &*event.stream), ("execution_started", "webhook"));
    assert_eq!(
        (event.node, event.execution.as_deref(), event.correlation.as_deref()),
        (None, Some("e-1"), Some("req-0"))
    );
    assert_eq!(event.data, r#"{"input": {"topic": "goals"}}"#);
    assert_eq!(event.timestamp, UNIX_EPOCH + Duration::new(1_795_328_048, 602_801_000));
    assert_eq!(event.attributes, [("graph_id".into(), "desk".into())]);
    assert_eq!((event.id, event.seq, event.version, event.causation), (None, None, None, None));
    assert_eq!(event.extra, []);
}

#[test]
fn ours() {
    let event = read(
        r#"{"type":"k","stream_id":"s","node_id":"n","execution_id":null,"data":{},"timestamp":"2026-11-22T06:14:08.602801+00:00","correlation_id":null,"id":"00c0ffee00c0ffee-42","seq":42,"version":3,"causation_id":"00c0ffee00c0ffee-41"}"#,
    )
    .unwrap();
    assert_eq!((event.id, event.seq, event.version), (Some(id(42)), Some(42), Some(3)));
    assert_eq!(event.causation, Some(id(41)));
}

#[test]
fn only_kind_stream_and_time_are_needed() {
    let event = read(r#"{"timestamp":"2026-11-22T06:14:08","stream_id":"","type":"k"}"#).unwrap();
    assert_eq!((&*event.stream, &*event.data), ("", "{}"));
    assert_eq!((event.node, event.execution, event.correlation), (None, None, None));
}

/// Text is an attribute, null is ignored, and any other value is kept unchanged.
#[test]
fn extra_keys_are_kept() {
    let event = read(
        r#"{"type":"k","stream_id":"s","timestamp":"2026-11-22T06:14:08","a":"x","n":12345678901234567890123,"gone":null,"o":{"b" : [1.10]},"\u0062":"\u00e9","t":true}"#,
    )
    .unwrap();
    assert_eq!(event.attributes, [("a".into(), "x".into()), ("b".into(), "é".into())]);
    let extra: Vec<_> = event.extra.iter().map(|(key, value)| (&**key, &**value)).collect();
    assert_eq!(extra, [("n", "12345678901234567890123"), ("o", r#"{"b" : [1.10]}"#), ("t", "true")]);
}

#[test]
fn any_shape_of_data_is_an_event() {
    for data in ["null", "[]", "5", "\"text\"", "true"] {
        let text =
            format!(r#"{{"type":"k","stream_id":"s","timestamp":"2026-11-22T06:14:08","data":{data}}}"#);
        assert_eq!(read(&text).unwrap().data, data);
    }
}

/// An event read from pretty-printed text becomes one line.
#[test]
fn line_breaks_between_the_parts_go() {
    let text = "{\"type\":\"k\",\n\"stream_id\":\"s\",\r\n\"timestamp\":\"2026-11-22T06:14:08\",\"data\":{\r\n  \"a\\n\": 1\n},\"x\":[\n1]}";
    let event = read(text).unwrap();
    assert_eq!(event.data, "{  \"a\\n\": 1}");
    assert_eq!(event.extra[0].1, "[1]");
    // The end of the line is not inside of the event: nothing is copied.
    let text = format!("{PYTHON}\r\n");
    assert!(matches!(read(&text).unwrap().data, Cow::Borrowed(_)));
}

fn refused(text: &str, error: &str) {
    assert_eq!(read(text).unwrap_err().to_string(), error, "{text}");
}

/// An event with one more key, or one key in place of another.
fn with(key: &str) -> String {
    let name = key.split_once(':').map_or("", |(name, _)| name);
    let keys = [r#""type":"k""#, r#""stream_id":"s""#, r#""timestamp":"2026-11-22T06:14:08""#];
    let others = keys.iter().filter(|other| name.is_empty() || !other.starts_with(name)).copied();
    format!(
        "{{{}}}",
        [key].into_iter().chain(others).filter(|key| !key.is_empty()).collect::<Vec<_>>().join(",")
    )
}

#[test]
fn the_error_names_the_problem() {
    refused("", "empty text: an event is one JSON object");
    refused(" \t ", "empty text: an event is one JSON object");
    refused("[]", "not JSON: expected an event, which is one JSON object, found `[` (column 1)");
    refused("{}", "`type` is missing: every event has one");
    refused(r#"{"type":"k"}"#, "`timestamp` is missing: every event has one");
    refused(&format!("{PYTHON}}}"), "text after the end of the event: put one event on a line (column 223)");
    refused(
        &format!("{PYTHON}{PYTHON}"),
        "text after the end of the event: put one event on a line (column 223)",
    );
    let mark = "not JSON: expected an event, which is one JSON object, found `\\u{feff}` (column 1)";
    refused(&format!("\u{feff}{PYTHON}"), mark);
    let limits = Limits { bytes: 100, ..Limits::new() };
    let large = Envelope::read(PYTHON, limits, &Zone::UTC, &mut Keys::default()).unwrap_err();
    assert_eq!(*large.problem(), P::TooLarge { bytes: PYTHON.len(), limit: 100 });
}

#[test]
fn a_key_that_is_wrong_is_named() {
    assert!(read(&with("")).is_ok());
    refused(&with(r#""type":null"#), "`type` is missing: every event has one");
    refused(&with(r#""type":"""#), "`type` is empty: give the event a kind (column 9)");
    refused(&with(r#""type":5"#), "`type` must be a string, not a number (column 9)");
    refused(&with(r#""stream_id":null"#), "`stream_id` is missing: every event has one");
    refused(&with(r#""stream_id":[]"#), "`stream_id` must be a string, not an array (column 14)");
    refused(&with(r#""node_id":true"#), "`node_id` must be a string, not true or false (column 12)");
    refused(&with(r#""execution_id":{}"#), "`execution_id` must be a string, not an object (column 17)");
    refused(&with(r#""correlation_id":7"#), "`correlation_id` must be a string, not a number (column 19)");
    let time = "`timestamp` is not a time: write it as 2026-11-22T06:14:08.602474+00:00 (column 14)";
    refused(&with(r#""timestamp":"noon""#), time);
    refused(&with(r#""timestamp":1795328048"#), "`timestamp` must be a string, not a number (column 14)");
    refused(&with(r#""id":[]"#), "`id` must be a string, not an array (column 7)");
    refused(
        &with(r#""causation_id":true"#),
        "`causation_id` must be a string, not true or false (column 17)",
    );
    refused(&with(r#""seq":{}"#), "`seq` must be a whole number, not an object (column 8)");
    refused(&with(r#""version":[1]"#), "`version` must be a whole number, not an array (column 12)");
}

/// They are no reason to refuse the event.
#[test]
fn values_of_other_systems_are_kept() {
    let kept = |key: &str| {
        read(&with(key)).map(|envelope| (envelope.seq, envelope.version, envelope.foreign)).unwrap()
    };
    for id in [
        r#""7d1e""#,
        r#""f81d4fae-7dec-11d0-a765-00a0c91e6bf6""#,
        r#""17""#,
        r#""00C0FFEE00C0FFEE-42""#,
        r#""""#,
        r#""a\u0062""#,
    ] {
        let (_, _, foreign) = kept(&format!(r#""id":{id}"#));
        assert_eq!(foreign.id.as_deref(), Some(id));
        let (_, _, foreign) = kept(&format!(r#""causation_id":{id}"#));
        assert_eq!(foreign.causation.as_deref(), Some(id));
    }
    for (value, seq) in [
        ("-1", None),
        (r#""1""#, None),
        ("18446744073709551616", None),
        ("1.5", None),
        ("1.0", Some(1)),
        ("1e2", Some(100)),
    ] {
        let (found, _, foreign) = kept(&format!(r#""seq":{value}"#));
        assert_eq!((found, foreign.seq.as_deref()), (seq, Some(value)));
    }
    for (value, version) in [
        (r#""0.0.1""#, None),
        (r#""2.5""#, None),
        ("4294967296", None),
        ("-0.5", None),
        ("2.0", Some(2)),
        ("2.5", Some(2)),
        ("0.5", Some(0)),
        ("4294967295.5", Some(u32::MAX)),
    ] {
        let (_, found, foreign) = kept(&format!(r#""version":{value}"#));
        assert_eq!((found, foreign.version.as_deref()), (version, Some(value)));
    }
    let own = kept(r#""id":"00c0ffee00c0ffee-42","seq":42,"version":0"#);
    assert_eq!(own, (Some(42), Some(0), crate::event::Foreign::default()));
}

/// A column counts characters of its own line, an offset bytes of the whole text.
#[test]
fn positions() {
    let error = read("{\"é\":1,\n \"ü\" 2}").unwrap_err();
    assert_eq!((error.offset(), error.column()), (15, 6));
    assert_eq!(error.to_string(), "not JSON: expected `:`, found `2` (column 6)");
}

/// Our keys in our order are guessed, so they must also be found in any other order, and in any
/// written form.
#[test]
fn keys_come_in_any_order_and_spelling() {
    let values = [
        r#""k""#,
        r#""s""#,
        r#""n""#,
        r#""e""#,
        r#"{"a":1}"#,
        r#""2026-11-22T06:14:08""#,
        r#""c""#,
        r#""00c0ffee00c0ffee-42""#,
        "42",
        "3",
        r#""00c0ffee00c0ffee-41""#,
    ];
    let spelled = |key: &str, escaped: bool| {
        let first = format!("\\u{:04x}", u32::from(key.as_bytes()[0]));
        if escaped { format!("\"{first}{}\"", &key[1..]) } else { format!("\"{key}\"") }
    };
    let members: Vec<_> = RESERVED.iter().zip(values).collect();
    let whole = |turn: usize, step: usize, escaped: usize| {
        let places = (0..members.len()).map(|place| (place * step + turn) % members.len());
        let one =
            |place: usize| format!("{} : {}", spelled(members[place].0, place == escaped), members[place].1);
        format!("{{{}}}", places.map(one).collect::<Vec<_>>().join(" , "))
    };
    let plain = whole(0, 1, 99);
    let expected = format!("{:?}", read(&plain).unwrap());
    for (turn, step) in (0..11).flat_map(|turn| (1..11).map(move |step| (turn, step))) {
        for escaped in [turn, step, 99] {
            let text = whole(turn, step, escaped);
            assert_eq!(format!("{:?}", read(&text).unwrap()), expected, "{text}");
            // Once more in the other order.
            for (key, value) in &members {
                for again in [spelled(key, false), spelled(key, true)] {
                    let twice = format!("{},{again}:{value}}}", &text[..text.len() - 1]);
                    assert_eq!(
                        *read(&twice).unwrap_err().problem(),
                        P::DuplicateKey(key.to_string()),
                        "{twice}"
                    );
                }
            }
        }
    }
}
