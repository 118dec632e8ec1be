//! `bus export` and `bus import`: both ways without loss.

use std::fmt::Write;
use std::path::Path;

use serde_json::Value;

use crate::support::{as_the_bus_writes, bus, file, session, with_both, with_gap};

/// Imports lines twice, and returns the export.
fn there_and_back(lines: &str, count: u64) -> String {
    let folder = tempfile::tempdir().unwrap();
    let recording = file(folder.path(), "run.jsonl", lines.as_bytes());
    let (recording, journal) = (recording.to_str().unwrap(), folder.path().join("run.db"));
    let journal = journal.to_str().unwrap();
    let ran = bus(&["import", journal, recording], "");
    assert_eq!(ran.out, format!("{count} events imported, 0 were there already\n"), "{}", ran.err);
    let ran = bus(&["import", journal, recording], "");
    assert_eq!(ran.out, format!("0 events imported, {count} were there already\n"), "{}", ran.err);
    let ran = bus(&["export", journal, "--format", "jsonl"], "");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    ran.out
}

#[test]
fn a_recorded_session_comes_back_to_the_letter() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/hive-session.jsonl.gz");
    let packed = std::fs::read(shared).ok().map(|bytes| {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&*bytes), &mut text).unwrap();
        text
    });
    let own = include_str!("../../../examples/data/session.jsonl").to_owned();
    for session in std::iter::once(own).chain(packed) {
        let count = session.lines().count() as u64;
        assert!(there_and_back(&session, count) == as_the_bus_writes(&session), "{count} events differ");
    }
}

#[test]
fn a_hundred_thousand_events_come_back_to_the_letter() {
    let mut lines = String::new();
    for n in 0..100_000_u32 {
        let (kind, stream) = (["asked", "tool_called", "llm_text_delta"][n as usize % 3], n % 5);
        let node = if n % 7 == 0 { "null".to_owned() } else { format!("\"node-{}\"", n % 11) };
        writeln!(
            lines,
            concat!(
                r#"{{"type":"{}","stream_id":"stream-{}","node_id":{},"execution_id":"exec-{}","data":"#,
                r#"{{"n":{},"text":"é\u0001 \"quoted\" {}","more":[1.50,{{"a":null}}]}},"#,
                r#""timestamp":"2026-11-22T06:14:08.{:06}+00:00","correlation_id":null,"tenant":"t-{}","#,
                r#""id":"00c0ffee00c0ffee-{}","seq":{},"version":null,"causation_id":null}}"#
            ),
            kind,
            stream,
            node,
            n % 1_000,
            n,
            "x".repeat(n as usize % 40),
            n,
            n % 3,
            n + 1,
            n + 1,
        )
        .unwrap();
    }
    let lines = lines.replace(r#""version":null"#, r#""version":1"#);
    assert!(as_the_bus_writes(&lines) == lines, "the bus writes these lines itself");
    assert!(there_and_back(&lines, 100_000) == lines);
}

#[test]
fn a_filter_selects_and_a_gap_stands_beside_the_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = &*with_gap(folder.path());
    let line = r#"{"type":"asked","stream_id":"desk","timestamp":"2026-11-22T06:14:08"}"#;
    assert_eq!(bus(&["import", path, "-"], line).code, 0);
    let ran = bus(&["export", path, "kind:asked"], "");
    assert_eq!((ran.code, ran.out.lines().count()), (3, 1));
    assert!(ran.err.starts_with("! 3 events are missing from "), "{}", ran.err);
    let ran = bus(&["export", path, "kind:none"], "");
    assert_eq!((ran.code, ran.out.as_str()), (3, ""));
    assert_eq!(bus(&["export", path, "--format", "xml"], "").code, 2);
}

#[test]
fn events_are_exported_as_cloudevents() {
    let without = r#"{"type":"asked","stream_id":"desk","data":{"q":1},"timestamp":"2026-11-22T06:14:08Z"}"#;
    with_both(&(session() + without + "\n"), |source| {
        let ran = bus(&["export", source, "--format", "cloudevents"], "");
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        let events: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(events.len(), 5);
        assert_eq!(events[2]["specversion"], "1.0");
        assert_eq!(
            (&events[2]["type"], &events[2]["id"]),
            (&"tool_failed".into(), &"00c0ffee00c0ffee-3".into())
        );
        assert_eq!(events[2]["data"], serde_json::json!({ "error": "no such file" }));
        let ids: std::collections::HashSet<_> = events.iter().map(|event| event["id"].to_string()).collect();
        assert_eq!(ids.len(), 5, "each has an id of its own: {ids:?}");
        // An event keeps its id, whatever else is exported.
        let ran = bus(&["export", source, "--format", "cloudevents", "kind:asked"], "");
        assert_eq!(serde_json::from_str::<Value>(&ran.out).unwrap(), events[4]);
    });
}
