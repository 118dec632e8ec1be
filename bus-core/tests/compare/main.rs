//! Recordings that are compared: what counts as equal, and how each difference is reported.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../common/mod.rs"]
mod common;

mod changes;
mod deltas;
mod executions;
mod fields;
mod files;

use bus_core::testing::{Compare, Recording};
use serde_json::{Value, json};

/// A session with several executions, nodes, deltas, foreign kinds and data that does not fit.
const GARDEN: &str = include_str!("../data/garden.jsonl");

/// One line: execution, node, kind and data. No execution and no node are empty.
fn line(execution: &str, node: &str, kind: &str, data: &Value) -> String {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    json!({ "type": kind, "stream_id": "desk", "execution_id": some(execution), "node_id": some(node),
            "data": data, "timestamp": "2026-11-22T06:14:08" })
    .to_string()
}

/// A recording of lines.
fn recording(lines: &[String]) -> Recording {
    lines.join("\n").parse().unwrap()
}

/// A recording of one execution `e`, of kinds with data.
fn steps(steps: &[(&str, Value)]) -> Recording {
    recording(&steps.iter().map(|(kind, data)| line("e", "", kind, data)).collect::<Vec<_>>())
}

/// The differences of two recordings as text.
fn differences(expected: &Recording, actual: &Recording) -> String {
    Compare::new(actual.clone()).against(expected).to_string()
}

#[test]
fn a_recording_is_equal_to_itself() {
    let garden: Recording = GARDEN.parse().unwrap();
    assert_eq!(differences(&garden, &garden), "");
    assert_eq!(differences(&Recording::default(), &Recording::default()), "");
    let written: Recording = garden.to_string().parse().unwrap();
    assert_eq!(differences(&garden, &written), "");
}

#[test]
fn times_ids_and_runs_are_not_compared() {
    let run = || {
        let bus = bus_core::EventBus::new();
        let recorder = bus_core::testing::Recorder::new(&bus);
        drop(bus.stream("desk").emit_dynamic("asked", json!({ "what": 1.5 })).send());
        Recording::from(&recorder)
    };
    let (first, second) = (run(), run());
    assert_ne!(first.events()[0].id(), second.events()[0].id());
    assert_eq!(differences(&first, &second), "");
    // And an event that was written and read is equal to the one that was published.
    assert_eq!(differences(&first, &first.to_string().parse().unwrap()), "");
}

#[test]
fn a_line_that_is_no_event_is_an_error_and_not_left_out() {
    let error = format!("{}\n{{\"type\":1}}\n", line("", "", "asked", &json!({}))).parse::<Recording>();
    assert!(error.unwrap_err().to_string().starts_with("line 2: "));
}
