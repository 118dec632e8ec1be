//! Plain Python reads the output.

use std::io::Write;
use std::process::{Command, Stdio};

use bus_core::EventBus;
use serde_json::json;

use crate::common::audited;
use crate::define::Measured;

const PROGRAM: &str = r#"
import json, sys
from datetime import datetime, timezone
if sys.version_info < (3, 11):
    print("skipped"); sys.exit()
KEYS = ["type", "stream_id", "node_id", "execution_id", "data", "timestamp", "correlation_id"]
for line in sys.stdin.buffer:
    event = json.loads(line, parse_constant=lambda word: sys.exit(f"{word} is not JSON"))
    assert list(event)[:7] == KEYS, list(event)
    assert list(event)[-4:] == ["id", "seq", "version", "causation_id"], list(event)
    when = datetime.fromisoformat(event["timestamp"])
    assert when.utcoffset().total_seconds() == 0
    assert abs((datetime.now(timezone.utc) - when).total_seconds()) < 3600, when
    data = event["data"]
    if event["type"] == "measured":
        assert data["small"] == -2**63 and data["large"] == 2**64 - 1 and data["real"] == 0.1, data
        assert data["text"] == "\x00\x1f\"\\/\u00e9\u2028\U0001f600", ascii(data["text"])
    assert event["graph_id"] == "g"
    print(event["seq"])
"#;

#[test]
fn python_reads_the_output() {
    let bus = audited(EventBus::new());
    let emitter = bus.stream("s").attribute("graph_id", "g");
    for _ in 0..10 {
        let text = "\0\u{1f}\"\\/é\u{2028}😀";
        drop(emitter.emit(Measured::new(i64::MIN, u64::MAX, 0.1, text)).send());
        drop(emitter.emit_dynamic("vendor_kind", json!({ "list": [null, 1.5, { "a": "b" }] })).send());
    }
    let mut file = Vec::new();
    for event in bus.history().oldest_first().collect() {
        event.write_json(&mut file).unwrap();
        file.push(b'\n');
    }

    let python =
        Command::new("python3").args(["-c", PROGRAM]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut python) = python else {
        eprintln!("skipped: there is no python3 here");
        return;
    };
    // It may end early, as one that is too old does: then its answer has the reason.
    let _ = python.stdin.take().unwrap().write_all(&file);
    let output = python.wait_with_output().unwrap();
    let answer = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "python refused it, see above");
    if answer.trim() == "skipped" {
        eprintln!("skipped: the python3 here is older than 3.11");
        return;
    }
    let read: Vec<u64> = answer.lines().map(|seq| seq.parse().unwrap()).collect();
    assert_eq!(read, (1..=20).collect::<Vec<u64>>());
}
