//! Writing events, and reading them back as equal ones.

use bus_core::{AnyEvent, Event, EventBus};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::common::audited;
use crate::define::{Measured, OrderPaid, Placed, Sampled, ShopEvents, WebhookReceived};

const KEYS: [&str; 7] =
    ["type", "stream_id", "node_id", "execution_id", "data", "timestamp", "correlation_id"];

/// The keys of an object in their order.
fn keys(text: &str) -> Vec<String> {
    let order = text.replace(['{', '}'], "");
    let object: serde_json::Map<String, Value> = serde_json::from_str(text).unwrap();
    let mut keys: Vec<String> = object.keys().cloned().collect();
    keys.sort_by_key(|key| order.find(&format!("\"{key}\":")));
    keys
}

/// The event that was published last.
fn newest(bus: &EventBus) -> AnyEvent {
    bus.history().limit(1).collect().remove(0)
}

#[tokio::test]
async fn the_keys_are_in_order_and_null_where_absent() {
    let bus = audited(EventBus::new());
    bus.stream("desk").emit_dynamic("k", json!({ "a": 1 })).await;
    let text = newest(&bus).to_json();
    assert_eq!(keys(&text)[..7], KEYS);
    assert_eq!(keys(&text)[7..], ["id", "seq", "version", "causation_id"]);
    assert!(!text.contains(['\n', '\r']));
    let value: Value = serde_json::from_str(&text).unwrap();
    for absent in ["node_id", "execution_id", "correlation_id", "version", "causation_id"] {
        assert_eq!(value[absent], Value::Null, "{absent}");
    }
    assert_eq!((&value["seq"], &value["data"]), (&json!(1), &json!({ "a": 1 })));
}

#[tokio::test]
async fn attributes_follow_as_keys_of_their_own() {
    let bus = audited(EventBus::new());
    let emitter = bus.stream("desk").node("n").execution("e").correlation("c");
    emitter.attribute("graph_id", "g").attribute("a \"name\"", "va\\lue").emit_dynamic("k", json!({})).await;
    let event = newest(&bus);
    let value: Value = serde_json::from_str(&event.to_json()).unwrap();
    assert_eq!((&value["graph_id"], &value["a \"name\""]), (&json!("g"), &json!("va\\lue")));
    let read = bus.read_json(&event.to_json()).unwrap();
    assert_eq!(read.scope(), event.scope());
}

#[tokio::test]
async fn the_cause_is_named() {
    let bus = audited(EventBus::new());
    bus.stream("s").emit_dynamic("first", json!({})).await;
    let first = newest(&bus);
    bus.stream("s").caused_by(&first).emit_dynamic("second", json!({})).await;
    let value: Value = serde_json::from_str(&newest(&bus).to_json()).unwrap();
    assert_eq!(value["causation_id"], first.id().to_string());
}

#[tokio::test]
async fn redacted_content_is_not_written() {
    let bus = audited(EventBus::new());
    let headers = [("authorization".to_owned(), "secret".to_owned())].into();
    bus.stream("s").emit(WebhookReceived::new("/in", headers)).await;
    let text = newest(&bus).to_json();
    assert!(text.contains(r#""headers":{"authorization":"[redacted]"}"#), "{text}");
    assert!(!text.contains("secret"));
}

/// Emits, writes and reads; returns the event that was read, after a check that it equals the
/// emitted one.
fn there_and_back(payload: &Measured, name: &str) -> Event<Measured> {
    let bus = audited(EventBus::new());
    let emitter = bus.stream(name).node(name).execution(name).correlation(name);
    drop(emitter.attribute(&format!("x{name}"), name).emit(payload.clone()).send());
    let event = newest(&bus);
    let mut line = b"before".to_vec();
    event.write_json(&mut line).unwrap();
    let line = String::from_utf8(line.split_off(6)).unwrap();
    assert_eq!(line, event.to_json());
    let read = bus.read_json(&line).unwrap();
    assert_eq!(read.payload::<Measured>(), Some(payload));
    assert_eq!(read.scope(), event.scope());
    assert_eq!(
        (read.id(), read.seq(), read.version()),
        (Some(event.id()), Some(event.seq()), event.version())
    );
    assert_eq!((read.timestamp(), read.causation()), (event.timestamp(), event.causation()));
    assert_eq!(read.to_json(), line);
    event.typed().unwrap()
}

#[test]
fn the_ends_of_every_number() {
    for (small, large) in [(i64::MIN, u64::MAX), (i64::MAX, 0), (-1, 1 << 63), (0, (1 << 53) + 1)] {
        for real in [
            0.0,
            -0.0,
            f64::MIN,
            f64::MAX,
            f64::MIN_POSITIVE,
            f64::EPSILON,
            5e-324,
            0.1,
            1e16,
            1.146_933_688_665_636_5e-132,
            1.0 / 3.0,
        ] {
            let event = there_and_back(&Measured::new(small, large, real, ""), "s");
            assert_eq!(event.real.to_bits(), real.to_bits());
        }
    }
}

proptest! {
    #[test]
    fn every_character_comes_back(text in any::<String>(), name in any::<String>()) {
        there_and_back(&Measured::new(0, 0_u64, 0.0, text), &name);
    }

    #[test]
    fn every_number_comes_back(small in any::<i64>(), large in any::<u64>(), real in prop::num::f64::NORMAL) {
        there_and_back(&Measured::new(small, large, real, "x"), "s");
    }
}

#[test]
fn every_code_point_comes_back() {
    let all: Vec<char> = ('\0'..=char::MAX).collect();
    for some in all.chunks(1 << 14) {
        let text: String = some.iter().collect();
        there_and_back(&Measured::new(0, 0_u64, 0.0, text), "s");
    }
}

/// An event emitted without a type has the current version: reading converts nothing.
#[tokio::test]
async fn a_declared_kind_emitted_as_json_has_the_current_version() {
    let bus = audited(EventBus::builder().events::<ShopEvents>().build().unwrap());
    bus.stream("s").emit_dynamic("order_paid", json!({ "order": "o-1", "cents": 500 })).await;
    let event = newest(&bus);
    let paid = OrderPaid::new("o-1", 500_u64);
    assert_eq!((event.payload(), event.version()), (Some(&paid), Some(3)));
    assert_eq!(bus.read_json(&event.to_json()).unwrap().payload(), Some(&paid));
}

/// A payload that has no JSON is an error that names the field; its line is written without the
/// data.
#[test]
fn a_payload_without_json_is_reported() {
    let bus = audited(EventBus::new());
    drop(bus.stream("s").emit(Placed::new([((1, 2), 3)].into())).send());
    let event = newest(&bus);
    let mut out = b"before".to_vec();
    let error = event.write_json(&mut out).unwrap_err().to_string();
    assert_eq!(out, b"before");
    assert_eq!(error, "`placed` cannot be written: field `by_place`: key must be a string");
    let read = bus.read_json(&event.to_json()).unwrap();
    assert_eq!((read.kind(), read.id(), read.raw_data()), ("placed", Some(event.id()), Some("null")));
    assert!(read.decode_error().is_some());
}

/// JSON has no such float: it is null at any position, and reading reports the field without a
/// number.
#[test]
fn a_float_that_is_not_finite_is_null() {
    for real in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let bus = audited(EventBus::new());
        drop(bus.stream("s").emit(Measured::new(0, 0_u64, real, "")).send());
        let text = newest(&bus).to_json();
        assert!(text.contains(r#""real":null,"#), "{text}");
        let read = bus.read_json(&text).unwrap();
        assert_eq!(read.decode_error().unwrap().field(), Some("real"));
        assert_eq!(read.to_json(), text);
        let floats = Sampled::new(vec![real, 1.5]).maybe_mean(Some(real));
        drop(bus.stream("s").emit(floats).send());
        let read = bus.read_json(&newest(&bus).to_json()).unwrap();
        assert_eq!(read.raw_data(), Some(r#"{"all":[null,1.5],"mean":null}"#));
    }
    let bus = audited(EventBus::new());
    drop(bus.stream("s").emit(Sampled::new(vec![]).maybe_mean(Some(f64::NAN))).send());
    let read = bus.read_json(&newest(&bus).to_json()).unwrap();
    assert_eq!(read.payload(), Some(&Sampled::new(vec![])));
}

/// Data that is too deep to read cannot be emitted.
#[tokio::test]
async fn everything_that_can_be_emitted_is_shallow_enough_to_read() {
    let bus = audited(EventBus::new());
    let deep = |levels: usize| (1..levels).fold(json!({}), |inner, _| json!({ "a": inner }));
    assert!(bus.stream("s").emit_dynamic("k", deep(127)).await.is_ok());
    let event = newest(&bus);
    assert_eq!(bus.read_json(&event.to_json()).unwrap().to_json(), event.to_json());
    for levels in [128, 1000] {
        let receipt = bus.stream("s").emit_dynamic("k", deep(levels)).await;
        assert!(receipt.refused().unwrap().to_string().contains("more than 127 levels"));
    }
}
