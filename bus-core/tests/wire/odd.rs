//! Hostile and careless input, and payloads that no reader would accept.

use std::collections::BTreeMap;

use bus_core::{AgentEvent, AnyEvent, EventBus, Payload};
use serde_json::{Value, json};

use crate::common::audited;

#[derive(AgentEvent)]
#[events(prefix = "odd_", derive(PartialEq))]
pub(crate) enum OddEvents {
    Named {
        #[serde(alias = "title")]
        name: String,
        note: Option<String>,
    },
    Open {
        name: String,
        #[serde(flatten)]
        rest: BTreeMap<String, Value>,
    },
    Deep {
        value: Value,
    },
}

fn line(kind: &str, data: &str) -> String {
    format!(r#"{{"type":"{kind}","stream_id":"s","data":{data},"timestamp":"2026-11-22T06:14:08"}}"#)
}

/// Emits it and returns it as it is on the bus.
fn emitted(payload: impl Payload<Node = bus_core::NoNode, Execution = bus_core::NoExecution>) -> AnyEvent {
    let bus = audited(EventBus::new());
    drop(bus.stream("s").emit(payload).send());
    bus.history().collect().remove(0)
}

fn nested(levels: usize) -> Value {
    (1..levels).fold(
        json!({}),
        |inner, level| if level % 2 == 0 { json!([inner]) } else { json!({ "a]\"": inner }) },
    )
}

#[test]
fn a_field_by_two_of_its_names_does_not_fit() {
    let bus = EventBus::new();
    for data in
        [r#"{"name":"a","title":"b"}"#, r#"{"title":"b","n\u0061me":"a"}"#, r#"{"title":null,"name":"a"}"#]
    {
        let read = bus.read_json(&line("odd_named", data)).unwrap();
        let error = read.decode_error().unwrap();
        assert_eq!(error.field(), Some("name"), "{data}: {error}");
        assert_eq!(read.raw_data(), Some(data));
    }
}

/// Names and values have the same meaning in any written form.
#[test]
fn escaped_keys_name_fields() {
    let bus = EventBus::new();
    for data in [
        r#"{"name":"a\n","note":null}"#,
        r#"{"n\u0061me":"a\u000A"}"#,
        r#"{"note":null,"\u0074\u0069\u0074\u006C\u0065":"a\n","extra":[{"name":1}]}"#,
        "{\n\t\"title\" : \"a\\n\"\r\n}",
    ] {
        let text = line("odd_n\\u0061med", data);
        let read = bus.read_json(&text).unwrap();
        assert_eq!(read.payload(), Some(&Named::new("a\n")), "{data}: {:?}", read.decode_error());
        assert_eq!(bus.read_json(&read.to_json()).unwrap().payload(), read.payload::<Named>());
        // With a line end, and a character that cannot begin an event.
        assert_eq!(bus.read_json(&format!(" \t{text}\r\n")).unwrap().raw_data(), read.raw_data());
        for damaged in
            [format!("\u{feff}{text}"), format!("\0{text}"), format!("{text}\0"), format!("{text}\u{a0}")]
        {
            assert!(bus.read_json(&damaged).is_err(), "{damaged:?}");
        }
    }
}

/// An object with more members than the reader marks is still read.
#[test]
fn many_members_are_read() {
    let bus = EventBus::new();
    for count in [0, 1, 126, 127, 128, 129, 1000] {
        let rest: BTreeMap<String, Value> =
            (0..count).map(|key| (format!("k\n{key:04}"), json!(format!("v\"{key}")))).collect();
        let data = serde_json::to_string(&rest).unwrap();
        let first = format!(r#"{{"name":"a\tb"{}{}"#, if count == 0 { "" } else { "," }, &data[1..]);
        let read = bus.read_json(&line("odd_open", &first)).unwrap();
        assert_eq!(read.payload(), Some(&Open::new("a\tb", rest)), "{count}: {:?}", read.decode_error());
        assert_eq!(read.raw_data(), Some(&*first));
    }
}

#[test]
fn a_flattened_key_that_already_exists_is_reported() {
    let event = emitted(Open::new("a", BTreeMap::from([("name".to_owned(), json!("b"))])));
    let mut out = b"before".to_vec();
    assert_eq!(
        event.write_json(&mut out).unwrap_err().to_string(),
        "`odd_open` cannot be written: field `rest`: key `name` is in the event twice, and no reader would take it: leave it out of what is flattened"
    );
    assert_eq!(out, b"before");
    assert_eq!(EventBus::new().read_json(&event.to_json()).unwrap().raw_data(), Some("null"));
    let event = emitted(Open::new("a", BTreeMap::from([("Name".to_owned(), json!("b"))])));
    let read = EventBus::new().read_json(&event.to_json()).unwrap();
    assert_eq!(read.payload::<Open>(), event.payload());
}

/// The event and its data are two levels of 128.
#[test]
fn data_too_deep_to_be_read_is_not_written() {
    for levels in [1, 2, 100, 125, 126] {
        let event = emitted(Deep::new(nested(levels)));
        let read = EventBus::new().read_json(&event.to_json()).unwrap();
        assert_eq!(read.payload::<Deep>(), event.payload(), "{levels}");
    }
    for levels in [127, 128, 200] {
        let error = emitted(Deep::new(nested(levels))).write_json(&mut Vec::new()).unwrap_err().to_string();
        assert!(
            error.starts_with("`odd_deep` cannot be written: field `value`: it has more than 126 levels"),
            "{error}"
        );
    }
    // Flattened content has one level more.
    for (levels, fits) in [(126, true), (127, false)] {
        let event = emitted(Open::new("a", BTreeMap::from([("b".to_owned(), nested(levels))])));
        assert_eq!(event.write_json(&mut Vec::new()).is_ok(), fits, "{levels}");
        let read = EventBus::new().read_json(&event.to_json()).unwrap();
        assert_eq!(read.decode_error().is_none(), fits, "{levels}");
    }
    // Many marks are not many levels.
    let wide = json!({ "text": "[{".repeat(500), "list": vec![json!({}); 500], "quote\\\"[": "\\" });
    let event = emitted(Deep::new(wide));
    assert_eq!(EventBus::new().read_json(&event.to_json()).unwrap().payload::<Deep>(), event.payload());
}
