//! The memory that the history counts for an event, by the types of its fields.

use std::collections::{BTreeMap, HashMap};

use bus_core::{AgentEvent, EmittableFrom, Emitter, EventBus, Object, Payload, object};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Opaque {
    text: String,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Either<A, B> {
    a: A,
    b: B,
}

pub(crate) type Lines = Vec<String>;

#[derive(AgentEvent)]
#[events(prefix = "memory.")]
pub(crate) enum MemoryEvents {
    Said {
        text: String,
    },
    Nested {
        #[event(default)]
        lines: Vec<String>,
        #[event(default)]
        pages: Vec<Vec<String>>,
        note: Option<String>,
        boxed: Option<Box<str>>,
        #[event(default)]
        headers: BTreeMap<String, String>,
        #[event(default)]
        sizes: HashMap<String, u64>,
        #[event(default)]
        pairs: Vec<(String, Option<String>)>,
        #[event(default)]
        named: Lines,
        #[serde(skip)]
        #[event(default)]
        image: Vec<u8>,
        number: u64,
    },
    Json {
        value: Value,
        input: Object,
    },
    Unknown {
        #[event(default)]
        own: Opaque,
        own_list: Vec<Opaque>,
        #[event(default)]
        generic: Either<String, u8>,
        generic_box: Option<Box<Either<String, Opaque>>>,
    },
    Counted {
        number: u64,
        rate: Option<f64>,
        yes: bool,
    },
}

const TEXT: usize = 10_000;

fn text() -> String {
    "x".repeat(TEXT)
}

/// The bytes that a history counts for one event.
fn counted<P: Payload + EmittableFrom<Emitter>>(payload: P) -> usize {
    let bus = EventBus::new();
    bus.stream("desk").emit(payload).send();
    assert_eq!(bus.stats().kept, 1);
    bus.stats().kept_bytes
}

#[test]
fn a_text_counts_with_its_length() {
    assert_eq!(counted(Said::new(text())) - counted(Said::new("")), TEXT);
}

#[test]
fn an_event_of_numbers_counts_with_its_size() {
    let said = counted(Said::new(""));
    let numbers = counted(Counted::new(1, true).rate(2.0));
    assert_eq!(numbers + size_of::<Said>(), said + size_of::<Counted>());
}

/// Each field by itself, so that none is forgotten.
#[test]
fn a_text_counts_wherever_it_is_nested() {
    let new = || Nested::new(7);
    let plain = counted(new());
    let held = |event: Nested| counted(event) - plain;
    let string = size_of::<String>();
    assert_eq!(held(new().lines(vec![text(), text()])), 2 * (string + TEXT));
    assert_eq!(held(new().pages(vec![vec![text()], Vec::new()])), 3 * string + TEXT);
    assert_eq!(held(new().note(text())), TEXT);
    assert_eq!(held(new().boxed(text())), TEXT);
    assert_eq!(held(new().headers(BTreeMap::from([(text(), text())]))), 2 * (string + TEXT));
    assert!(held(new().sizes(HashMap::from([(text(), 1)]))) > string + TEXT);
    assert_eq!(held(new().pairs(vec![(text(), Some(text()))])), 2 * (string + TEXT));
    assert_eq!(held(new().named(vec![text()])), string + TEXT, "whatever the name of the type");
    assert_eq!(held(new().image(vec![0; TEXT])), TEXT, "on the wire or not");
    let all = new().lines(vec![text()]).note(text()).named(vec![text()]).image(vec![0; TEXT]);
    assert_eq!(held(all), 4 * TEXT + 2 * string);
}

#[test]
fn json_counts_with_its_text() {
    let held = counted(Json::new(json!([text(), { "key": text() }]), object! { "key": [text()] }))
        - counted(Json::new(Value::Null, Object::new()));
    assert!((3 * TEXT..3 * TEXT + 1_000).contains(&held), "{held}");
}

/// Types of the user's compile without a word about their memory, and count as far as it is known.
#[test]
fn other_types_count_with_their_own_size_only() {
    let opaque = || Opaque { text: text() };
    let new = || Unknown::new(Vec::new());
    let plain = counted(new());
    let held = |event: Unknown| counted(event) - plain;
    assert_eq!(held(new().own(opaque())), 0);
    assert_eq!(held(Unknown::new(vec![opaque(), opaque()])), 2 * size_of::<Opaque>());
    assert_eq!(held(new().generic(Either { a: text(), b: 1 })), 0);
    let boxed = Box::new(Either { a: text(), b: opaque() });
    assert_eq!(held(new().generic_box(boxed)), size_of::<Either<String, Opaque>>());
}

/// The text of the line is kept too.
#[test]
fn an_event_that_was_read_counts_with_text_and_payload() {
    let line = json!({
        "type": "memory.said", "stream_id": "desk", "data": { "text": text() }, "timestamp": "2026-11-22T06:14:08"
    });
    let bus = EventBus::new();
    let read = bus.read_json(&line.to_string()).unwrap();
    bus.republish(read).send();
    let bytes = bus.stats().kept_bytes;
    assert!((2 * TEXT..2 * TEXT + 1_000).contains(&bytes), "{bytes}");
}

#[test]
fn an_event_that_is_published_again_counts_with_the_payload_that_it_keeps() {
    let (first, second) = (EventBus::new(), EventBus::new());
    first.stream("desk").emit_said(text()).send();
    let event = first.history().collect().remove(0);
    second.republish(event).send();
    drop(first);
    let bytes = second.stats().kept_bytes;
    assert!((TEXT..TEXT + 1_000).contains(&bytes), "{bytes}");
}
