//! The replay of a small recording, of broken files, and of the recorded session if it is present.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use flate2::{Compression, write::GzEncoder};
use serde_json::Value;
use support::{Ended, data, json_lines, program, run};

const NONE: &[&str] = &[];

fn session() -> PathBuf {
    data("data/session.jsonl")
}

fn replay(session: &Path, more: &[&str]) -> Ended {
    let mut arguments = vec![session.to_str().unwrap()];
    arguments.extend(more);
    run("replay", &arguments)
}

/// A file with these lines, that lives as long as the folder.
fn file(folder: &tempfile::TempDir, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join("session.jsonl");
    fs::write(&path, bytes).unwrap();
    path
}

/// The row of the table for a kind: events, typed, undeclared, not fitting.
fn row(out: &str, kind: &str) -> Vec<String> {
    let line = out.lines().find(|line| line.split_whitespace().next() == Some(kind));
    line.unwrap_or_else(|| panic!("no row for {kind} in:\n{out}"))
        .split_whitespace()
        .skip(1)
        .map(Into::into)
        .collect()
}

#[test]
fn a_recording_of_the_python_runtime_is_typed_where_it_fits() {
    let out = replay(&session(), &[]).ok();
    assert_eq!(row(&out, "tool_call_completed"), ["2", "2", "0", "0"]);
    assert_eq!(row(&out, "mail_franked"), ["2", "0", "2", "0"]); // undeclared
    assert_eq!(row(&out, "tool_call_started"), ["3", "2", "0", "1"]); // one lacks its tool's name
    assert_eq!(row(&out, "node_loop_iteration"), ["2", "1", "0", "1"]); // one counts in words
    assert_eq!(row(&out, "judge_verdict"), ["1", "1", "0", "0"]); // one field more than declared
    assert_eq!(row(&out, "total"), ["33", "29", "2", "2"]);
    assert!(out.contains("33 read, 0 lost, 0 out of order, 0 bad lines"), "{out}");
}

#[test]
fn the_copy_equals_the_input() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.jsonl");
    replay(&session(), &["--out", copy.to_str().unwrap()]).ok();
    let before = json_lines(&fs::read_to_string(session()).unwrap());
    let after = json_lines(&fs::read_to_string(&copy).unwrap());
    assert_same(&before, &after);
    // The copy has ids and zones; reading it again changes nothing any more.
    let again = folder.path().join("again.jsonl");
    replay(&copy, &["--out", again.to_str().unwrap()]).ok();
    let ids = |events: &[Value]| events.iter().map(|event| event["id"].clone()).collect::<Vec<_>>();
    let again = json_lines(&fs::read_to_string(again).unwrap());
    assert_same(&after, &again);
    assert_eq!(ids(&after), ids(&again));
}

/// Equal values, except for redacted ones and for those that reading adds.
#[track_caller]
fn assert_same(before: &[Value], after: &[Value]) {
    assert_eq!(before.len(), after.len());
    for (before, after) in before.iter().zip(after) {
        for (key, value) in before.as_object().unwrap() {
            match key.as_str() {
                "data" if before["type"] == "webhook_received" => {
                    let headers = after["data"]["headers"].as_object().unwrap();
                    assert!(headers.values().all(|value| value == "[redacted]"), "{after}");
                    assert_eq!(value["payload"], after["data"]["payload"]);
                }
                // A naive timestamp gets the zone that it was read in, and keeps its microseconds.
                "timestamp" => {
                    let (value, now) = (value.as_str().unwrap(), after[key].as_str().unwrap());
                    assert_eq!(now.get(..26), value.get(..26), "{value} became {now}");
                }
                // A null may be left out.
                "graph_id" if value.is_null() => assert!(after[key].is_null(), "{after}"),
                "seq" => {}
                _ => assert_eq!(*value, after[key], "{key} of {before}"),
            }
        }
    }
}

#[test]
fn a_packed_recording_is_known_by_its_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&fs::read(session()).unwrap()).unwrap();
    let packed = gzip.finish().unwrap();
    let out = replay(&file(&folder, &packed), &[]).ok();
    assert_eq!(out, replay(&session(), &[]).ok());
    // Zeros, with which disks and backups fill up a block, and a second member.
    for end in [&[0; 3][..], &vec![0; 70_000], &packed, &[&[0; 5], &packed[..], &[0; 5]].concat()] {
        replay(&file(&folder, &[&packed, end].concat()), &[]).ok();
    }
    let ended = replay(&file(&folder, &[&packed[..], b"\0\0rest"].concat()), &[]);
    assert!(ended.code == Some(1) && ended.err.contains("the input failed"), "{ended:?}");
    let ended = replay(&file(&folder, &packed[..packed.len() / 2]), &[]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("the input failed"), "{ended:?}");
}

#[test]
fn bad_lines_are_named_and_kept_out_and_the_rest_goes_on() {
    let good = r#"{"type":"stream_stopped","stream_id":"a","data":{},"timestamp":"2026-11-20T09:15:00"}"#;
    let deep = format!(
        r#"{{"type":"custom","stream_id":"a","data":{{"x":{}1{}}}}}"#,
        "[".repeat(200),
        "]".repeat(200)
    );
    let bad: Vec<Vec<u8>> = vec![
        good[..40].into(),                                    // cut off
        b"[1, 2]".into(),                                     // no object
        good.replace("\"a\"", "7").into(),                    // a stream that is a number
        good.replace("\"data\":{}", "\"type\":\"b\"").into(), // a key twice
        deep.into(),
        good.replace('a', "\0").into(),
        good.replace("\"a\"", "\"\\ud800\"").into(),
        b"{\"type\":\"\xff\"}".into(),
        format!(r#"{{"type":"custom","data":{{"x":"{}"}}}}"#, "x".repeat(20 << 20)).into(),
    ];
    let mut bytes = Vec::new();
    for line in &bad {
        bytes.extend_from_slice(line);
        bytes.extend_from_slice(format!("\n{good}\n").as_bytes());
    }
    let folder = tempfile::tempdir().unwrap();
    let ended = replay(&file(&folder, &bytes), &[]);
    assert_eq!(ended.code, Some(1));
    let complaints: Vec<&str> = ended.err.lines().collect();
    assert_eq!(complaints.len(), bad.len(), "{complaints:#?}");
    for (number, line) in complaints.iter().enumerate() {
        assert!(line.starts_with(&format!("replay: line {}: ", number * 2 + 1)), "{line}");
        assert!(line.len() < 300, "{line}");
    }
    assert!(ended.out.contains("9 read, 0 lost, 0 out of order, 9 bad lines"), "{}", ended.out);
}

#[test]
fn at_recorded_speed_it_takes_as_long_as_it_took() {
    // The recording spans 228 ms.
    let begun = Instant::now();
    replay(&session(), &["--speed", "1"]).ok();
    let real = begun.elapsed();
    assert!(real.as_millis() >= 228, "{real:?}");
}

#[test]
fn lines_of_other_systems_come_in_on_request() {
    let lines = [
        r#"{"type":"RUN_STARTED","runId":"r-1","timestamp":1795328048602}"#,
        r#"{"role":"user","content":"half \ud800","score":NaN}"#,
        r#"{"type":"stream_stopped","stream_id":"a","data":{},"timestamp":"2026-11-20T09:15:00"}"#,
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, lines.join("\n").as_bytes());
    let strict = replay(&path, &[]);
    assert_eq!((strict.code, strict.err.lines().count()), (Some(1), 2), "{strict:?}");
    let copy = folder.path().join("copy.jsonl");
    let out = replay(&path, &["--lenient", "--out", copy.to_str().unwrap()]).ok();
    assert_eq!(row(&out, "total"), ["3", "1", "2", "0"]);
    let report = "2 events mended: 1 half surrogate pairs became U+FFFD, 1 NaN or Infinity became null, ";
    assert!(out.contains(report), "{out}");
    let copied = json_lines(&fs::read_to_string(&copy).unwrap());
    assert_eq!(copied[1]["data"]["content"], "half \u{fffd}");
    let again = replay(&copy, &["--lenient"]).ok();
    assert!(!again.contains("mended"), "{again}");
}

/// Otherwise one wrong time in a file looks like a program that hangs.
#[test]
fn a_long_wait_is_reported_before_it_begins() {
    let line = |time: &str| {
        format!("{{\"type\":\"custom\",\"stream_id\":\"a\",\"data\":{{}},\"timestamp\":\"{time}\"}}\n")
    };
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, (line("2026-11-20T09:15:00") + &line("2062-11-20T10:15:00")).as_bytes());
    let mut replay = program("replay");
    replay.args([path.to_str().unwrap(), "--speed", "1"]).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut replay = replay.spawn().unwrap();
    let mut said = String::new();
    BufReader::new(replay.stderr.as_mut().unwrap()).read_line(&mut said).unwrap();
    replay.kill().unwrap();
    replay.wait().unwrap();
    assert!(said.starts_with("replay: line 2: waits 13149 days 0 h for its time"), "{said}");
}

#[test]
fn a_wrong_call_is_one_line() {
    let session = session();
    let session = session.to_str().unwrap();
    for (arguments, code, says) in [
        (NONE, 2, "no file"),
        (&["/no/such/file"], 1, "cannot read /no/such/file"),
        (&[session, "--speed", "0"], 2, "give a number above 0"),
        (&[session, "--out", session], 2, "--out is the file that is read"),
        (&[session, "--zone", "Mars/Olympus"], 2, "--zone Mars/Olympus"),
        (&[session, session], 2, "session.jsonl"),
        (&[env!("CARGO_MANIFEST_DIR")], 1, "is a folder"),
    ] {
        let ended = run("replay", arguments);
        let line = ended.complaint(code);
        assert!(line.starts_with("replay: ") && line.contains(says), "{line}");
    }
}

/// A session of the Python runtime. It is not part of the project; some machines have it beside the
/// repository.
#[test]
fn the_recorded_session_comes_through_complete() {
    let session = data("../../shared/data/hive-session.jsonl.gz");
    if !session.exists() {
        println!("skipped: the recorded session is not here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.jsonl");
    let out = replay(&session, &["--out", copy.to_str().unwrap()]).ok();
    assert!(out.contains("7,270 read, 0 lost, 0 out of order, 0 bad lines"), "{out}");
    assert_eq!(row(&out, "total"), ["7,270", "7,270", "0", "0"]);
    for (kind, count) in [
        ("llm_text_delta", "6,866"),
        ("tool_call_started", "85"),
        ("tool_call_completed", "85"),
        ("node_loop_started", "36"),
        ("node_loop_iteration", "36"),
        ("output_key_set", "36"),
        ("judge_verdict", "36"),
        ("node_loop_completed", "36"),
        ("edge_traversed", "24"),
        ("execution_started", "12"),
        ("execution_completed", "12"),
        ("stream_started", "3"),
        ("stream_stopped", "3"),
    ] {
        assert_eq!(row(&out, kind)[..2], [count, count], "{kind}");
    }
    let mut before = String::new();
    let mut unpack = flate2::read::GzDecoder::new(fs::File::open(session).unwrap());
    std::io::Read::read_to_string(&mut unpack, &mut before).unwrap();
    assert_same(&json_lines(&before), &json_lines(&fs::read_to_string(copy).unwrap()));
}
