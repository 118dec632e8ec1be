//! Recorded sessions: every line is read, republished and written back, and nothing of it is lost.

use std::collections::BTreeMap;
use std::io::{BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use bus_core::EventBus;
use serde_json::Value;

use crate::common::audited;

/// An invented session in the form that the Python runtime writes.
pub(crate) const GARDEN: &str = include_str!("../data/garden.jsonl");

#[derive(Debug, Default, PartialEq)]
struct Seen {
    typed: u32,
    undeclared: u32,
    unfit: u32,
}

/// Reads, republishes and writes back each line; returns the kinds with their counts.
fn replay(input: impl Read, lines: &[&str]) -> (Seen, BTreeMap<String, u32>) {
    let bus = audited(EventBus::builder().history(100_000).transient_history(100_000).build().unwrap());
    let (mut seen, mut kinds) = (Seen::default(), BTreeMap::new());
    for event in bus.reader().lines(BufReader::new(input)) {
        let event = event.unwrap();
        match (event.is_declared(), event.decode_error()) {
            (false, _) => seen.undeclared += 1,
            (true, None) => seen.typed += 1,
            (true, Some(_)) => seen.unfit += 1,
        }
        *kinds.entry(event.kind().to_owned()).or_default() += 1;
        drop(bus.republish(event).send());
    }
    let written: Vec<String> = bus
        .history()
        .oldest_first()
        .limit(lines.len())
        .collect()
        .iter()
        .map(bus_core::AnyEvent::to_json)
        .collect();
    assert_eq!(written.len(), lines.len());
    for (number, (written, line)) in written.iter().zip(lines).enumerate() {
        same(written, line, number + 1);
    }
    (seen, kinds)
}

/// A line that was written back has every value of the input line.
fn same(written: &str, line: &str, seq: usize) {
    let (written, line): (Value, Value) =
        (serde_json::from_str(written).unwrap(), serde_json::from_str(line).unwrap());
    for (key, value) in line.as_object().unwrap() {
        match key.as_str() {
            // The same instant, now with its zone.
            "timestamp" => assert!(written[key].as_str().unwrap().starts_with(value.as_str().unwrap())),
            _ => assert_eq!(&written[key], value, "{key}"),
        }
    }
    assert_eq!(written["seq"], seq);
}

#[test]
fn a_session_with_every_feature() {
    let lines: Vec<&str> = GARDEN.lines().collect();
    let (seen, kinds) = replay(GARDEN.as_bytes(), &lines);
    assert_eq!(seen, Seen { typed: 28, undeclared: 4, unfit: 3 });
    assert_eq!((kinds["llm_text_delta"], kinds["greenhouse_opened"], kinds["vendor.metric/v2"]), (13, 2, 1));
}

/// A real session, if it is beside the workspace.
pub(crate) fn session() -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/hive-session.jsonl.gz");
    let gzip = Command::new("gzip").arg("-dc").arg(&path).stderr(Stdio::null()).output();
    match gzip {
        Ok(output) if output.status.success() => Some(String::from_utf8(output.stdout).unwrap()),
        _ => {
            eprintln!("skipped: no recorded session beside the workspace, or no gzip to open it");
            None
        }
    }
}

#[test]
fn the_recorded_session() {
    let Some(text) = session() else { return };
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 7270);
    let (seen, kinds) = replay(text.as_bytes(), &lines);
    assert_eq!(seen.unfit, 0);
    assert_eq!(
        (kinds["llm_text_delta"], kinds["tool_call_completed"], kinds["stream_stopped"]),
        (6866, 85, 3)
    );
}
