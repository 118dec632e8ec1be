//! The assertion against a file, which `BUS_RECORD=1` writes.

use std::path::PathBuf;

use bus_core::EventBus;
use bus_core::testing::{Compare, Recorder, Recording};
use serde_json::json;

use crate::common::child;

/// Set in a child: the value that it emits.
const VALUE: &str = "BUS_TEST_VALUE";

fn file() -> PathBuf {
    std::env::temp_dir().join(format!("bus-compare-{}", std::process::id())).join("new").join("plan.jsonl")
}

/// In a child: the test of an application.
fn application(value: &str) {
    let bus = EventBus::new();
    let recorder = Recorder::new(&bus);
    drop(bus.stream("desk").emit_dynamic("planned", json!({ "steps": value })).send());
    Compare::new(&recorder).assert_file(std::env::var("BUS_TEST_FILE").unwrap());
}

#[test]
fn the_file_is_written_on_request_and_compared_otherwise() {
    if let Ok(value) = std::env::var(VALUE) {
        return application(&value);
    }
    let name = "files::the_file_is_written_on_request_and_compared_otherwise";
    let file = file();
    let path = file.to_str().unwrap();
    let run = |value: &str, record: &str| {
        let output = child::run(name, &[(VALUE, value), ("BUS_TEST_FILE", path), ("BUS_RECORD", record)]);
        (output.status.success(), child::text(&output))
    };
    let (passed, text) = run("three", "");
    assert!(!passed && text.contains("plan.jsonl`: ") && text.contains("BUS_RECORD=1"), "{text}");

    let (passed, text) = run("three", "1");
    assert!(passed, "{text}");
    assert_eq!(Recording::from_file(&file).unwrap().events().len(), 1);
    let (passed, text) = run("three", "");
    assert!(passed, "{text}");

    let (passed, text) = run("four", "0");
    assert!(!passed, "{text}");
    let shown = "in 1 places (- there, + now):\nstream desk, event 1 of 1, planned: data.steps\n  - \"three\"\n  + \"four\"\nBUS_RECORD=1 in";
    assert!(text.contains(shown), "{text}");

    std::fs::write(&file, "{\n").unwrap();
    let (passed, text) = run("three", "");
    assert!(!passed && text.contains("plan.jsonl`: line 1: ") && text.contains("BUS_RECORD=1"), "{text}");
    std::fs::remove_dir_all(file.parent().unwrap().parent().unwrap()).unwrap();
}
