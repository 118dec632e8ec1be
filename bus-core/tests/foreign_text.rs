//! Foreign text is escaped and shortened wherever it goes into an error or into the log.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::collections::BTreeMap;
use std::fmt::Display;

use bus_core::wire::{LineCause, Zone};
use bus_core::{AgentEvent, BoxError, EventBus, EventId};
use common::log;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

fn too_old(_: u32, _: Value) -> Result<Value, BoxError> {
    Err(hostile().into())
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Unwritable;

impl Serialize for Unwritable {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom(hostile()))
    }
}

#[derive(AgentEvent)]
#[events(prefix = "foreign_")]
enum Foreign {
    Counted {
        n: u64,
    },
    Mapped {
        n: u64,
        #[serde(flatten)]
        more: BTreeMap<String, Value>,
    },
    Nested {
        list: Vec<More>,
    },
    Failed {
        value: Unwritable,
    },
    #[event(version = 2, upcast = too_old)]
    Aged {
        n: u64,
    },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct More {
    n: u64,
    #[serde(flatten)]
    more: BTreeMap<String, Value>,
}

/// Ten megabytes, with a line that the log did not write and an escape that clears the screen.
fn hostile() -> String {
    format!("begin\n2026-11-30 ERROR forged \u{1b}[2J{}", "x".repeat(10 << 20))
}

#[track_caller]
fn is_harmless(shown: impl Display) {
    let text = shown.to_string();
    assert!(!text.contains(['\n', '\r', '\u{1b}']), "{text:.300?}");
    assert!(text.len() < 2_000, "{} bytes", text.len());
    // A text field of the log is shown by its `Debug`, which escapes once more.
    assert!(text.replace(r"\\", r"\").contains(r"begin\n2026"), "{text}");
}

fn line(kind: &str, data: &Value) -> String {
    json!({ "type": kind, "stream_id": "s", "data": data, "timestamp": "2026-11-22T06:14:08" }).to_string()
}

#[tokio::test]
async fn a_refused_kind_is_shown_in_part() {
    log::collect();
    let bus = EventBus::new();
    for (kind, data) in [(hostile(), json!(7)), (hostile(), json!({}))] {
        let receipt = bus.stream("s").emit_dynamic(kind, data).await;
        assert!(receipt.refused().unwrap().to_string().len() < 2_000);
    }
    let receipt = bus.stream("s").emit_dynamic("begin\n2026 ERROR forged", json!(7)).await;
    is_harmless(receipt.refused().unwrap());
    drop(bus.stream("s").emit_dynamic(hostile(), json!({})));
    let lines = log::lines(&["forged"]);
    assert!(lines.len() >= 3, "{lines:.300?}");
    lines.iter().for_each(is_harmless);
}

#[test]
fn reading_shows_what_it_found_in_part() {
    let bus = EventBus::new();
    for (kind, data) in [
        ("foreign_counted", json!({ "n": hostile() })),
        ("foreign_nested", json!({ "list": [{ "n": hostile() }] })),
        ("foreign_aged", json!({ "n": 1 })),
    ] {
        let read = bus.read_json(&line(kind, &data)).unwrap();
        is_harmless(read.decode_error().unwrap());
    }
    let key = "begin\\n2026 ERROR forged\\u001b".to_owned() + &"x".repeat(60_000);
    let twice = line("vendor_kind", &json!(7)).replace('7', &format!(r#"{{"{key}":1,"{key}":2}}"#));
    is_harmless(bus.read_json(&twice).unwrap_err());
    is_harmless(bus.reader().lines(twice.as_bytes()).next().unwrap().unwrap_err());
    is_harmless(hostile().parse::<EventId>().unwrap_err());
    is_harmless(hostile().parse::<Zone>().unwrap_err());
}

#[test]
fn a_failing_input_is_shown_in_part() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other(hostile()))
        }
    }
    let bus = EventBus::new();
    let error = bus.reader().lines(std::io::BufReader::new(Broken)).next().unwrap().unwrap_err();
    assert!(matches!(error.cause(), LineCause::Io(_)));
    is_harmless(error);
}

#[test]
fn writing_shows_what_it_found_in_part() {
    log::collect();
    let bus = EventBus::new();
    let key = format!("begin\n2026 ERROR forged \u{1b}{}", "x".repeat(60_000));
    let more = || BTreeMap::from([("n".to_owned(), json!(1)), (key.clone(), json!(2))]);
    let desk = bus.stream("s");
    drop(desk.emit(Nested::new(vec![More { n: 1, more: more() }])).send());
    drop(desk.emit(Failed::new(Unwritable)).send());
    drop(desk.attribute(&key, "x".repeat(17 << 20)).emit(Counted::new(1_u64)).send());
    let long = format!("begin\n2026 {}", "forged".repeat(20));
    drop(desk.emit_dynamic(long, json!({ "x": "x".repeat(17 << 20) })).send());
    drop(desk.emit(Mapped::new(1_u64, more())).send());
    let events = bus.history().oldest_first().collect();
    let errors: Vec<_> = events.iter().map(|event| event.write_json(&mut Vec::new()).unwrap_err()).collect();
    for error in &errors[1..4] {
        is_harmless(error);
    }
    for error in [&errors[0], &errors[4]] {
        assert!(error.to_string().contains("key `n`"), "{error}");
    }
    for event in &events[1..4] {
        let _ = event.to_json();
    }
    let lines = log::lines(&["written without its data", "begin"]);
    assert_eq!(lines.len(), 3, "{lines:.300?}");
    lines.iter().for_each(is_harmless);
}

#[tokio::test]
async fn what_a_closed_bus_left_is_named_in_part() {
    let bus = EventBus::new();
    let _unread = bus.subscribe::<Counted>().name(hostile()).into_stream().with_gaps();
    bus.stream("s").emit_counted(1).send();
    is_harmless(bus.close(std::time::Duration::ZERO).await);
}
