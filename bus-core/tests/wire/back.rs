//! Written events are read back; an event that would not be is an error when writing, which names
//! the field.

use std::collections::{BTreeMap, HashMap};

use bus_core::{AgentEvent, AnyEvent, EventBus, NoExecution, NoNode, Payload};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::common::audited;

/// A field type whose map may hold a key of the struct.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Request {
    path: String,
    #[serde(flatten)]
    more: BTreeMap<String, Value>,
}

/// Two keys that are written alike: the case is lost.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
pub(crate) struct Header(String);

impl Serialize for Header {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_lowercase())
    }
}

#[derive(AgentEvent)]
#[events(prefix = "back_")]
pub(crate) enum BackEvents {
    Requested {
        request: Request,
    },
    RequestedMany {
        requests: Vec<Option<Request>>,
    },
    Headed {
        headers: BTreeMap<Header, u32>,
    },
    HeadedSecretly {
        #[event(redact)]
        headers: BTreeMap<Header, u32>,
    },
    HeadedFlat {
        name: String,
        #[serde(flatten)]
        headers: BTreeMap<Header, u32>,
    },
    Keyed {
        map: HashMap<String, u32>,
    },
    Valued {
        value: Value,
    },
    Texted {
        small: u32,
        text: String,
    },
    Raw {
        raw: Box<RawValue>,
    },
}

fn emitted(payload: impl Payload<Node = NoNode, Execution = NoExecution>) -> AnyEvent {
    let bus = audited(EventBus::new());
    drop(bus.stream("s").emit(payload).send());
    bus.history().collect().remove(0)
}

/// Why it is not written; as a line it is there without its data.
#[track_caller]
fn error_of(payload: impl Payload<Node = NoNode, Execution = NoExecution>) -> String {
    let event = emitted(payload);
    let mut out = b"before".to_vec();
    let error = event.write_json(&mut out).unwrap_err();
    assert_eq!(out, b"before");
    assert_eq!(EventBus::new().read_json(&event.to_json()).unwrap().raw_data(), Some("null"));
    error.to_string()
}

/// It is written, on one line, and read as the same JSON.
#[track_caller]
fn comes_back(payload: impl Payload<Node = NoNode, Execution = NoExecution>) -> String {
    let event = emitted(payload);
    let mut out = Vec::new();
    event.write_json(&mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(!text.contains(['\n', '\r']), "{text}");
    let read = EventBus::new().read_json(&text).unwrap();
    assert_eq!(read.decode_error(), None);
    assert_eq!(read.data(), event.data());
    text
}

fn request(more: &[&str]) -> Request {
    Request { path: "/".to_owned(), more: more.iter().map(|key| ((*key).to_owned(), json!(1))).collect() }
}

#[test]
fn a_map_that_repeats_a_key_of_its_struct() {
    comes_back(Requested::new(request(&["Path", "x"])));
    let expected = "key `path` is in one object twice, and no reader would take it: leave one of the two out";
    let error = error_of(Requested::new(request(&["a", "path"])));
    assert_eq!(error, format!("`back_requested` cannot be written: field `request`: {expected}"));
    let many = vec![None, Some(request(&["a"])), Some(request(&["b", "path"]))];
    let error = error_of(RequestedMany::new(many));
    assert_eq!(error, format!("`back_requested_many` cannot be written: field `requests`: {expected}"));
}

#[test]
fn keys_that_are_written_alike() {
    let two =
        |one: &str, two: &str| BTreeMap::from([(Header(one.to_owned()), 1), (Header(two.to_owned()), 2)]);
    comes_back(Headed::new(two("Accept", "Host")));
    for error in [
        error_of(Headed::new(two("Host", "host"))),
        error_of(HeadedSecretly::new(two("Host", "host"))),
        error_of(HeadedFlat::new("n", two("Host", "host"))),
        error_of(HeadedFlat::new("n", two("Host", "NAME"))),
    ] {
        assert!(error.contains(" cannot be written: field `headers`: key `"), "{error}");
        assert!(error.contains("twice, and no reader would take it"), "{error}");
    }
    // Escapes are one way to write a key, and many keys another.
    let many = (0..200).map(|key| (Header(format!("\"{key}")), key)).collect::<BTreeMap<_, _>>();
    comes_back(Headed::new(many.clone()));
    let twice = many.into_iter().chain(two("É\n", "é\n")).collect();
    assert!(error_of(Headed::new(twice)).contains("` is in one object twice"));
}

#[tokio::test]
async fn a_key_that_is_too_long() {
    let longest = 64 * 1024;
    let map = |key: String| Keyed::new(HashMap::from([(key, 1)]));
    comes_back(map("k".repeat(longest)));
    // As it is written: an escape counts with all its characters.
    for key in ["k".repeat(longest + 1), "\u{1}".repeat(longest / 6 + 1)] {
        let error = error_of(map(key.clone()));
        assert_eq!(
            error,
            "`back_keyed` cannot be written: field `map`: a key of more than 65536 bytes, and no reader would take it: \
             put long text into the value"
        );
        assert!(
            error_of(Valued::new(json!([{ "a": { key.clone(): 1 } }])))
                .contains("field `value`: a key of more")
        );
        let bus = audited(EventBus::new());
        let receipt = bus.stream("s").emit_dynamic("vendor_kind", json!({ key: 1 })).await;
        assert!(receipt.refused().unwrap().to_string().contains("a key of more than 65536 bytes"));
    }
}

#[tokio::test]
async fn an_attribute_whose_name_is_too_long_is_refused() {
    let bus = audited(EventBus::new());
    let named = |name: &str| bus.stream("s").attribute(name, "v").emit_dynamic("vendor_kind", json!({}));
    let longest = 64 * 1024;
    for name in ["k".repeat(longest), "\u{1}".repeat(longest / 6)] {
        assert!(named(&name).await.refused().is_none());
        let event = bus.history().limit(1).collect().remove(0);
        assert_eq!(bus.read_json(&event.to_json()).unwrap().scope(), event.scope());
    }
    for name in ["k".repeat(longest + 1), "\u{1}".repeat(longest / 6 + 1)] {
        let error = named(&name).await.refused().unwrap().to_string();
        assert!(error.contains("more than 65536 bytes"), "{error}");
        assert!(error.len() < 400, "{} bytes", error.len());
    }
}

#[test]
fn an_event_that_is_too_large() {
    let largest = 16 * 1024 * 1024;
    comes_back(Texted::new(1_u32, "x".repeat(largest - 1_000)));
    let error = error_of(Texted::new(1_u32, "x".repeat(largest - 10)));
    assert!(error.starts_with("`back_texted` cannot be written: field `text`: "), "{error}");
    assert!(error.contains("more than the 16777216 that a reader takes"), "{error}");

    // The same without a type, and where the scope is what is large.
    let bus = audited(EventBus::new());
    drop(bus.stream("s").emit_dynamic("vendor_kind", json!({ "a": "x".repeat(largest) })).send());
    drop(bus.stream("s").attribute("a", "x".repeat(largest)).emit(Texted::new(1_u32, "")).send());
    let mut events = bus.history().oldest_first().collect().into_iter();
    for field in ["data", "a"] {
        let error = events.next().unwrap().write_json(&mut Vec::new()).unwrap_err();
        assert_eq!(error.field(), field);
    }
}

/// A reader with a higher limit reads the event, and gets it back when it is written.
#[test]
fn a_large_event_that_was_read_is_written_back() {
    let bus = audited(EventBus::new());
    let large = "x".repeat(17 * 1024 * 1024);
    let text = format!(
        r#"{{"type":"vendor_kind","stream_id":"s","data":{{"a":"{large}"}},"timestamp":"2026-11-22T06:14:08"}}"#
    );
    let mut reader = bus.reader().max_bytes(1 << 25);
    let read = reader.read(&text).unwrap();
    let mut out = Vec::new();
    read.write_json(&mut out).unwrap();
    let again = reader.read(std::str::from_utf8(&out).unwrap()).unwrap();
    assert_eq!(again.raw_data(), read.raw_data());
}

/// Raw JSON is not looked at by serde: it may hold what no reader takes, and lines.
#[test]
fn raw_json_of_a_field() {
    let raw = |text: &str| Raw::new(RawValue::from_string(text.to_owned()).unwrap());
    let text = comes_back(raw("{\r\n  \"a\": [1,\n 2, \"\\n\"]\n}"));
    assert!(text.contains(r#""data":{"raw":{  "a": [1, 2, "\n"]}}"#), "{text}");
    comes_back(raw("1e308"));
    for (bad, what) in [
        ("1e400", "more than a 64-bit float holds"),
        (r#"[{"a":-1E999}]"#, "more than a 64-bit float holds"),
        (r#""\ud800""#, "half a surrogate pair"),
        (r#"{"\udc00":1}"#, "half a surrogate pair"),
        (r#"{"a":1,"\u0061":2}"#, "key `a` is in one object twice"),
    ] {
        let error = error_of(raw(bad));
        assert!(error.contains("field `raw`: ") && error.contains(what), "{bad}: {error}");
    }
}
