//! Ids, seqs and versions that another system gave.

use bus_core::{AgentEvent, AnyEvent, EventBus};
use serde_json::{Value, json};

use crate::common::audited;

#[derive(AgentEvent)]
#[events(prefix = "foreign_", version = 2)]
pub(crate) enum ForeignEvents {
    Stepped { step: String },
}

const UUID: &str = "F81D4FAE-7dec-11d0-a765-00a0c91e6bf6";

/// Three steps, each the cause of the next.
fn recording() -> Vec<Value> {
    let line = |step: &str, id: Value, cause: Value, seq: Value, version: Value| {
        json!({
            "type": "foreign_stepped", "stream_id": "s", "data": { "step": step },
            "timestamp": "2026-11-22T06:14:08.000000+00:00",
            "id": id, "seq": seq, "version": version, "causation_id": cause,
        })
    };
    vec![
        line("a", json!(UUID), json!(null), json!("p0-17"), json!("0.0.1")),
        line("b", json!("17"), json!(UUID), json!(-1), json!(2)),
        line("c", json!("step \"c\""), json!("17"), json!(1.5), json!(4_294_967_296_u64)),
    ]
}

fn republished(bus: &EventBus, lines: &[Value]) -> Vec<AnyEvent> {
    for line in lines {
        drop(bus.republish(bus.read_json(&line.to_string()).unwrap()).send());
    }
    bus.history().oldest_first().collect()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_line_is_written_back_to_the_letter() {
    let bus = audited(EventBus::new());
    for line in recording() {
        let read = bus.read_json(&line.to_string()).unwrap();
        assert!(read.payload::<Stepped>().is_some(), "{:?}", read.decode_error());
        let mut written = json(&read.to_json());
        for key in ["node_id", "execution_id", "correlation_id"] {
            assert_eq!(written.as_object_mut().unwrap().remove(key), Some(Value::Null));
        }
        assert_eq!(written, line);
    }
}

#[test]
fn causes_are_found_and_ids_are_kept_when_it_is_published_again() {
    let bus = audited(EventBus::new());
    let events = republished(&bus, &recording());
    let [a, b, c] = &events[..] else { panic!("{events:?}") };
    assert_eq!((a.causation(), b.causation(), c.causation()), (None, Some(a.id()), Some(b.id())));
    let ids = [a, b, c].map(|event| event.foreign_id().unwrap());
    assert_eq!(ids, [UUID, "17", "step \"c\""]);
    for ((event, line), seq) in events.iter().zip(recording()).zip(1..) {
        let written = json(&event.to_json());
        for key in ["id", "version", "causation_id"] {
            assert_eq!(written[key], line[key], "{key}");
        }
        // Its place is taken by the position in this bus.
        assert_eq!((&written["seq"], &written["foreign_seq"]), (&json!(seq), &line["seq"]));
    }
    // Another process reads them as the same ones.
    let other = audited(EventBus::new());
    let again: Vec<Value> = events.iter().map(|event| json(&event.to_json())).collect();
    let again = republished(&other, &again);
    assert_eq!(again.iter().map(AnyEvent::id).collect::<Vec<_>>(), [a.id(), b.id(), c.id()]);
    assert_eq!(json(&again[0].to_json())["foreign_seq"], "p0-17");
}

#[tokio::test]
async fn what_a_handler_emits_names_its_cause_as_the_other_system_does() {
    let bus = audited(EventBus::new());
    let emitter = bus.stream("audit");
    bus.subscribe::<Stepped>()
        .handle_sync(move |event| {
            if event.foreign_id().is_some_and(|id| id == UUID) {
                drop(emitter.emit_dynamic("seen", json!({})).send());
            }
        })
        .detach();
    republished(&bus, &recording()[..1]);
    let seen = bus.history().kinds(["seen"]).collect().remove(0);
    assert_eq!(json(&seen.to_json())["causation_id"], UUID);
    assert_eq!(seen.causation(), Some(bus.history().kinds(["foreign_stepped"]).collect()[0].id()));
    // Also after it went to another bus.
    let other = audited(EventBus::new());
    other.republish(seen.clone()).await;
    let there = other.history().collect().remove(0);
    assert_eq!(json(&there.to_json())["causation_id"], UUID);
    assert_eq!((there.causation(), there.foreign_id()), (seen.causation(), None));
}
