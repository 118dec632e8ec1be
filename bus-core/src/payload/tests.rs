//! Payloads without the derive.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};

use super::*;

/// The code that the derive generates, written by hand to test this layer without it.
#[derive(Clone, PartialEq)]
struct Called {
    name: String,
    size: Option<u64>,
    headers: BTreeMap<String, Value>,
    tries: u32,
}

static FIELDS: [FieldDescriptor; 4] = [
    FieldDescriptor::new("name", "name", "String", "", <String as FieldValue>::CODEC).aliases(&["title"]),
    FieldDescriptor::new("size", "size", "Option<u64>", "", <Option<u64> as FieldValue>::CODEC).optional(),
    FieldDescriptor::new("headers", "headers", "Map", "", <BTreeMap<String, Value> as FieldValue>::CODEC)
        .redacted(),
    FieldDescriptor::new("tries", "tries", "u32", "", <u32 as FieldValue>::CODEC).default("3"),
];
static CALLED: Descriptor =
    Descriptor::new::<Called>("Called", "called", "", &FIELDS).version(3).upcast(convert);

fn convert(from: u32, mut data: Value) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
    match from {
        1 => data["label"] = data["n"].take(),
        2 => data["name"] = data["label"].take(),
        _ => return Err("no such version".into()),
    }
    Ok(data)
}

impl Payload for Called {
    const DESCRIPTOR: &'static Descriptor = &CALLED;
    type Node = ();
    type Execution = ();

    fn fields(&self, visit: &mut dyn FnMut(&[&dyn Any])) {
        visit(&[&self.name, &self.size, &self.headers, &self.tries]);
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let (mut name, mut size, mut headers, mut tries) = (None, None, None, None);
        input.fields(&mut [
            &mut name as &mut Option<String>,
            &mut size as &mut Option<Option<u64>>,
            &mut headers as &mut Option<BTreeMap<String, Value>>,
            &mut tries as &mut Option<u32>,
        ])?;
        let (Some(name), Some(headers)) = (name, headers) else { return Err(input.incomplete()) };
        Ok(Self { name, size: size.unwrap_or_default(), headers, tries: tries.unwrap_or(3) })
    }
}

impl fmt::Debug for Called {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug(self, f)
    }
}

fn sample() -> Called {
    let headers = BTreeMap::from([("token".to_owned(), json!({ "v": ["canary", 7, 1.5, true, null] }))]);
    Called { name: "a\"b".to_owned(), size: None, headers, tries: 4 }
}

fn read(text: &str) -> Result<Called, String> {
    match CALLED.decode(text) {
        Ok(payload) => Ok(payload.downcast_ref::<Called>().unwrap().clone()),
        Err(error) => Err(error.to_string()),
    }
}

fn written(payload: &dyn ErasedPayload) -> String {
    let mut out = Vec::from(*b"> ");
    payload.encode_json(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn writes_in_order_and_hides_redacted_fields() {
    assert_eq!(
        written(&sample()),
        r#"> {"name":"a\"b","size":null,"headers":{"token":{"v":["[redacted]",0,0,false,null]}},"tries":4}"#
    );
    assert_eq!(
        format!("{:?}", sample()),
        r#"Called { name: "a\"b", size: None, headers: {"token":{"v":["[redacted]",0,0,false,null]}}, tries: 4 }"#
    );
    assert_eq!(format!("{:?}", &sample() as &dyn ErasedPayload), format!("{:?}", sample()));
}

#[test]
fn reads_by_name_alias_and_default() {
    let read = read(r#"{"title": "x", "more": [1], "headers": {}, "size": 9}"#).unwrap();
    assert_eq!(read, Called { name: "x".to_owned(), size: Some(9), headers: BTreeMap::new(), tries: 3 });
}

#[test]
fn null_means_absent_where_there_is_a_default() {
    let read = read(r#"{"name": "x", "headers": {}, "size": null, "tries": null}"#).unwrap();
    assert_eq!((read.size, read.tries), (None, 3));
}

#[test]
fn errors_name_the_field_and_quote_nothing_redacted() {
    for (text, expected) in [
        (
            r#"{"headers": {}}"#,
            "field `name` is missing; add it, or give it `#[event(default)]` in the definition",
        ),
        (r#"{"name": 5}"#, "field `name`: invalid type: integer `5`, expected a string"),
        (r#"{"name": null}"#, "field `name`: invalid type: null, expected a string"),
        (r#"{"name": "a", "title": "b"}"#, "field `name` occurs twice; leave one out"),
        (
            r#"{"headers": "canary"}"#,
            "field `headers`: its value does not fit `Map` (not shown: the field is redacted)",
        ),
        ("[1]", "its data is not a JSON object: it is an array"),
        ("null", "its data is not a JSON object: it is null"),
    ] {
        assert_eq!(read(text).unwrap_err(), format!("`called` cannot be read: {expected}"), "{text}");
    }
}

/// The walk reads braces, commas and colons itself, so it must be as strict with them as a parser.
#[test]
fn damaged_text_is_an_error() {
    let whole = r#" { "x" : [ 1 , {} ] , "name" : "a\u00e9" , "headers" : { "h" : 1.5e3 } , "tries" : 7 } "#;
    assert_eq!(read(whole).unwrap().tries, 7);
    let object = whole.trim();
    for end in 0..object.len() {
        assert!(read(&object[..end]).is_err(), "{}", &object[..end]);
    }
    for text in [
        "{,}",
        r#"{"name": "a",, "headers": {}}"#,
        r#"{"name": "a" "headers": {}}"#,
        r#"{"name": "a", "headers": {},}"#,
        r#"{"name": "a", "headers" {}}"#,
        r#"{"name": "a", "headers": {}} {}"#,
        r#"{"name": "a", "headers": {}, x: 1}"#,
        r#"{"name": "a", "headers": {}, "x": 1 2}"#,
        r#"{"name": "a", "headers": {}, "tries": nullx}"#,
        r#"{"name": "a", "headers": {}, "tries": 1x}"#,
        r#"{"name": "a", "headers": {}, "x": }"#,
        r#"{"name": "a", "headers": {}]"#,
    ] {
        assert!(read(text).is_err(), "{text}");
    }
}

#[test]
fn older_data_is_converted_one_version_at_a_time() {
    let old = r#"{"n": "x", "headers": {}}"#;
    for version in [None, Some(1)] {
        let payload = CALLED.decode_version(old, version).unwrap();
        assert_eq!(payload.downcast_ref::<Called>().unwrap().name, "x");
    }
    let middle = CALLED.decode_version(r#"{"label": "y", "headers": {}}"#, Some(2)).unwrap();
    assert_eq!(middle.downcast_ref::<Called>().unwrap().name, "y");
    let error = CALLED.decode_version(old, Some(0)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`called` cannot be read: its `upcast` from version 0 failed: (reason not shown: the event has redacted fields)"
    );
    assert!(CALLED.decode_version(r#"{"name": "z", "headers": {}}"#, Some(9)).is_ok());
}

#[test]
fn raw_data_keeps_all_but_redacted_content() {
    let data = r#"{"name": "x",  "headers": {"a": "canary"}, "old_headers": "canary", "size": null}"#;
    assert_eq!(
        redact_raw(&CALLED, data),
        r#"{"name":"x","headers":{"a":"[redacted]"},"old_headers":"[redacted]","size":null}"#
    );
    assert_eq!(redact_raw(&CALLED, r#"["canary"]"#), r#""[redacted]""#);
}

#[test]
fn keys_compare_by_value() {
    let (one, mut two) = (sample(), sample());
    two.tries = 9;
    let key = |payload: &Called, fields: &[&str]| (payload as &dyn ErasedPayload).key(fields);
    assert_eq!(key(&one, &["name", "headers"]), key(&two, &["name", "headers"]));
    assert_ne!(key(&one, &["name", "tries"]), key(&two, &["name", "tries"]));
    assert_eq!(key(&one, &[]), key(&two, &["nothing"; 0]));
    assert_eq!(format!("{:?}", key(&one, &["headers"])), "Key(..)");
}

struct Wrapped(Called);
impl serde::Serialize for Wrapped {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(&self.0, serializer)
    }
}
impl<'de> serde::Deserialize<'de> for Wrapped {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize(deserializer).map(Wrapped)
    }
}

#[test]
fn serde_both_ways_without_code_in_the_payload() {
    let value = serde_json::to_value(Wrapped(sample())).unwrap();
    assert_eq!(value["headers"]["token"]["v"], json!(["[redacted]", 0, 0, false, null]));
    let back: Wrapped = serde_json::from_value(value).unwrap();
    assert_eq!(back.0.name, "a\"b");
    assert!(
        serde_json::from_str::<Wrapped>(r#"{"name": 1}"#)
            .is_err_and(|e| e.to_string().contains("field `name`"))
    );
    let (low, high) = (json!({ "n": i64::MIN }), json!({ "n": u64::MAX, "f": 1e300 }));
    for value in [low, high] {
        assert_eq!(transcode(&value, serde_json::value::Serializer).unwrap(), value);
    }
}

struct Definition;
impl EventSet for Definition {
    fn descriptors() -> Vec<&'static Descriptor> {
        vec![&CALLED]
    }
}

#[test]
fn a_tuple_is_the_set_of_its_events_each_once() {
    assert_eq!(<(Called, (Called,)) as EventSet>::descriptors().len(), 1);
    assert_eq!(<(Called, Definition)>::descriptors()[0].kind, "called");
}

fn object(from: impl IntoObject) -> Object {
    from.into_object()
}

#[test]
fn an_object_comes_from_a_literal_a_map_or_pairs() {
    let literal = crate::object! { "a": 1, "b": [true] };
    assert_eq!(object(literal.clone()), literal);
    assert_eq!(object([("a", 1), ("b", 2)])["b"], 2);
    assert_eq!(object(BTreeMap::from([("a", "x")]))["a"], "x");
    assert!(crate::object! {}.is_empty());
}
