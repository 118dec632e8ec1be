//! Serde's attributes on fields, one by one: each works as under serde's own derives.

use std::collections::BTreeMap;
use std::time::Duration;

use bus_core::{AgentEvent, Object};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

mod seconds {
    use super::*;

    pub(super) fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(value.as_secs())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_secs)
    }
}

/// Not serializable at all.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Cache(u8);

fn seven() -> u32 {
    7
}

fn shout<S: Serializer>(value: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&value.to_uppercase())
}

#[derive(AgentEvent)]
#[events(prefix = "words.", derive(PartialEq))]
#[serde(rename_all_fields = "kebab-case")]
pub(crate) enum WordEvents {
    Renamed {
        #[serde(rename = "type", alias = "sort", alias = "class")]
        r#type: String,
        two_words: u8,
    },
    #[serde(rename_all = "camelCase")]
    Cased { two_words: u8, a: u8 },
    Skipped {
        #[serde(skip)]
        cache: Cache,
        #[serde(skip_serializing)]
        #[event(default)]
        written_never: u8,
        #[serde(skip_deserializing)]
        read_never: u8,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        #[event(default)]
        list: Vec<u8>,
        #[serde(skip_serializing_if = "Option::is_none")]
        maybe: Option<u8>,
    },
    With {
        #[serde(with = "seconds")]
        took: Duration,
        #[serde(serialize_with = "shout")]
        word: String,
    },
    Defaulted {
        #[serde(default)]
        plain: u32,
        #[serde(default = "seven")]
        called: u32,
        #[event(default = seven() * 2)]
        expression: u32,
        #[event(default = Some(3))]
        optional: Option<u32>,
        #[event(default)]
        any: Value,
    },
    Flat {
        name: String,
        #[serde(flatten)]
        rest: BTreeMap<String, Value>,
    },
    FlatTyped {
        #[serde(flatten)]
        inner: Inner,
        last: u8,
    },
    FlatMaybe {
        #[serde(flatten, skip_serializing_if = "Option::is_none")]
        inner: Option<Inner>,
        last: u8,
    },
    FlatObject {
        #[serde(flatten)]
        fields: Object,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Inner {
    one: u8,
    two: Option<u8>,
}

#[track_caller]
fn both_ways<P>(payload: &P, expected: &str)
where
    P: Serialize + for<'de> Deserialize<'de> + PartialEq + std::fmt::Debug,
{
    assert_eq!(serde_json::to_string(payload).unwrap(), expected);
    assert_eq!(&serde_json::from_str::<P>(expected).unwrap(), payload);
}

#[test]
fn renamed_fields() {
    both_ways(&Renamed::new("a", 1), r#"{"type":"a","two-words":1}"#);
    both_ways(&Cased::new(1, 2), r#"{"twoWords":1,"a":2}"#);
    for name in ["sort", "class"] {
        let read: Renamed = serde_json::from_value(json!({ name: "a", "two-words": 1 })).unwrap();
        assert_eq!(read, Renamed::new("a", 1));
    }
    let error = serde_json::from_value::<Renamed>(json!({ "type": "a" })).unwrap_err().to_string();
    assert!(error.contains("field `two-words` is missing"), "{error}");
}

#[test]
fn skipped_fields() {
    let payload = Skipped::new(Cache(1), 3).written_never(2);
    assert_eq!(serde_json::to_string(&payload).unwrap(), r#"{"read-never":3}"#);
    let full = payload.clone().list(vec![1]).maybe(4);
    assert_eq!(serde_json::to_string(&full).unwrap(), r#"{"read-never":3,"list":[1],"maybe":4}"#);
    let read: Skipped =
        serde_json::from_value(json!({ "cache": 1, "written-never": 9, "read-never": 9 })).unwrap();
    assert_eq!(read, Skipped::new(Cache(0), 0).written_never(9));
    let back: Skipped = serde_json::from_str(&serde_json::to_string(&payload).unwrap()).unwrap();
    assert_eq!(back, Skipped::new(Cache(0), 0));
    assert!(format!("{payload:?}").contains("cache: Cache(1)"), "{payload:?}");
}

#[test]
fn fields_with_functions_of_their_own() {
    let payload = With::new(Duration::from_secs(5), "a");
    assert_eq!(serde_json::to_string(&payload).unwrap(), r#"{"took":5,"word":"A"}"#);
    let read: With = serde_json::from_str(r#"{"took":5,"word":"a"}"#).unwrap();
    assert_eq!(read, payload);
}

#[test]
fn defaulted_fields() {
    let expected = r#"{"plain":0,"called":7,"expression":14,"optional":3,"any":null}"#;
    both_ways(&Defaulted::new(), expected);
    assert_eq!(serde_json::from_str::<Defaulted>("{}").unwrap(), Defaulted::new());
    // The Python runtime writes null for absent values. `Option` and `Value` have a null of their
    // own.
    let nulls = r#"{"plain":null,"called":null,"expression":null,"optional":null,"any":null}"#;
    assert_eq!(serde_json::from_str::<Defaulted>(nulls).unwrap(), Defaulted::new().maybe_optional(None));
}

#[test]
fn flattened_fields() {
    both_ways(
        &Flat::new("n", BTreeMap::from([("x".to_owned(), json!([1, null]))])),
        r#"{"name":"n","x":[1,null]}"#,
    );
    both_ways(&Flat::new("n", BTreeMap::new()), r#"{"name":"n"}"#);
    both_ways(&FlatTyped::new(Inner { one: 1, two: None }, 9), r#"{"one":1,"two":null,"last":9}"#);
    both_ways(&FlatMaybe::new(9), r#"{"last":9}"#);
    both_ways(&FlatMaybe::new(9).inner(Inner { one: 1, two: None }), r#"{"one":1,"two":null,"last":9}"#);
    both_ways(&FlatObject::new(bus_core::object! { "a\"b": 1 }), r#"{"a\"b":1}"#);
    let error = serde_json::from_str::<FlatTyped>(r#"{"last":9}"#).unwrap_err().to_string();
    assert!(error.contains("field `inner`: missing field `one`"), "{error}");
}

#[test]
fn the_descriptor_has_the_names_on_the_wire() {
    let names =
        |event: usize| WordEvents::EVENTS[event].fields.iter().map(|field| field.name).collect::<Vec<_>>();
    assert_eq!(names(0), ["type", "two-words"]);
    assert_eq!(names(1), ["twoWords", "a"]);
    let defaults: Vec<_> = WordEvents::EVENTS[4].fields.iter().map(|field| field.default.unwrap()).collect();
    assert_eq!(defaults, ["Default::default()", "seven()", "seven() * 2", "Some(3)", "Default::default()"]);
}
