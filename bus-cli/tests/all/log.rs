//! `bus log`: for a person and for a program.

use std::process::Command;

use crate::support::{bus, calls, file, line, packed, session, with_both};

#[test]
fn for_a_program_the_lines_come_out_as_they_were_written() {
    let session = session();
    let ran = bus(&["log", "-"], &session);
    assert_eq!((ran.code, ran.out, ran.err), (0, session.clone(), String::new()));
    let ran = bus(&["log", "-", "-n", "1", "execution:exec-b"], &session);
    assert_eq!(ran.out.lines().collect::<Vec<_>>(), [session.lines().nth(2).unwrap()]);
}

#[test]
fn plain_and_compressed_files_and_the_environment_name_a_source() {
    let folder = tempfile::tempdir().unwrap();
    let plain = file(folder.path(), "run.jsonl", session().as_bytes());
    let packed = file(folder.path(), "run.jsonl.gz", &packed(&session()));
    for source in [plain.to_str().unwrap(), packed.to_str().unwrap()] {
        assert_eq!(bus(&["log", source], "").out, session());
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_bus"));
    let output = command.args(["log", "kind:tool_failed"]).env("BUS_SOURCE", &plain).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 1);
}

/// Some editors write one; put together, two files have one in the middle.
#[test]
fn a_byte_order_mark_is_no_part_of_a_line() {
    let (first, second) = (line("tool_asked", 1, "exec-a", "{}"), line("tool_failed", 2, "exec-a", "{}"));
    let marked = format!("\u{feff}{first}\u{feff}{second}\u{feff}\n");
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "run.jsonl", marked.as_bytes());
    for (source, input) in [(path.to_str().unwrap(), ""), ("-", &marked)] {
        for command in ["log", "export"] {
            let ran = bus(&[command, source], input);
            assert_eq!((ran.code, ran.out, ran.err), (0, format!("{first}{second}"), String::new()));
        }
        let ran = bus(&["query", source], input);
        assert_eq!((ran.code, ran.out.lines().count(), ran.err.as_str()), (0, 2, ""));
        let ran = bus(&["show", source, "00c0ffee00c0ffee-2", "--json"], input);
        assert_eq!((ran.code, ran.out, ran.err), (0, second.clone(), String::new()));
    }
}

/// Some disks and backups fill up a block with zeros.
#[test]
fn zeros_behind_compressed_events_are_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (line("tool_asked", 1, "exec-a", "{}"), line("tool_failed", 2, "exec-a", "{}"));
    let both = format!("{first}{second}");
    let zeros = vec![0; 512];
    let files = [
        ("end", [packed(&both), zeros.clone()].concat()),
        ("middle", [packed(&first), zeros.clone(), packed(&second)].concat()),
        ("everywhere", [packed(&first), zeros.clone(), packed(&second), zeros].concat()),
    ];
    for (name, bytes) in files {
        let path = file(folder.path(), name, &bytes);
        let path = path.to_str().unwrap();
        let ran = bus(&["log", path], "");
        assert_eq!((ran.code, ran.out, ran.err), (0, both.clone(), String::new()), "{name}");
        let ran = bus(&["import", &format!("{path}.db"), path], "");
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{name}");
        assert!(ran.out.starts_with("2 events imported, "), "{name}: {}", ran.out);
    }
}

#[test]
fn for_a_person_there_are_columns_of_the_asked_width() {
    let ran = bus(&["log", "-", "--width", "80"], &session());
    assert!(ran.out.lines().all(|line| line.chars().count() <= 80), "{}", ran.out);
    assert!(ran.out.starts_with("06:14:01.500 1      tool_asked "), "{}", ran.out);
    let ran = bus(&["executions", "-", "--width", "100"], &session());
    let rows: Vec<Vec<_>> = ran.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[1], ["exec-a", "api", "unknown", "06:14:01.500", "3.0", "s", "2", "0"]);
    assert_eq!(rows[2], ["exec-b", "api", "unknown", "06:14:02.500", "1.0", "s", "2", "1"]);
}

#[test]
fn text_of_a_recording_cannot_steer_the_terminal() {
    let bad = line("tool_asked", 1, "exec-\\u001b[31m", r#"{"text":"\u001b[2J"}"#);
    let ran = bus(&["log", "-", "--width", "120", "--color", "never"], &bad);
    assert!(!ran.out.contains('\u{1b}'), "{:?}", ran.out);
    assert!(ran.out.contains("\\u{1b}"), "{}", ran.out);
}

#[test]
fn the_events_around_one_and_the_last_ones_are_found_in_both_sources() {
    let text: String = (1..=30).map(|second| line("tool_asked", second, "exec-a", "{}")).collect();
    with_both(&text, |source| {
        let seconds = |arguments: &[&str]| {
            let out = bus(&[&["log", source], arguments].concat(), "").out;
            let second = |line: &str| line.split_once("2026-11-22T06:14:").unwrap().1[..2].to_owned();
            out.lines().map(second).collect::<Vec<_>>()
        };
        assert_eq!(seconds(&["--around", "00c0ffee00c0ffee-12", "-n", "2"]), ["10", "11", "12", "13", "14"]);
        assert_eq!(seconds(&["--around", "00c0ffee00c0ffee-2", "-n", "3"]), ["01", "02", "03", "04", "05"]);
        assert_eq!(seconds(&["--around", "00c0ffee00c0ffee-30"]).len(), 11);
        assert_eq!(bus(&["log", source, "--around", "nobody"], "").code, 1);
        assert_eq!(seconds(&["-n", "2"]), ["29", "30"]);
        assert_eq!(seconds(&["-n", "0"]).len(), 0);
        assert_eq!(seconds(&["-n", "2", "before:2026-11-22T06:14:20Z"]), ["18", "19"]);
    });
}

#[test]
fn a_duration_finds_the_events_that_end_something() {
    with_both(&calls(), |source| {
        let ids = |arguments: &[&str]| {
            let out = bus(&[&["log", source], arguments].concat(), "").out;
            let id = |line: &str| line.split_once("\"tool_use_id\":\"").unwrap().1[..1].to_owned();
            out.lines().map(id).collect::<Vec<_>>()
        };
        assert_eq!(ids(&["dur:>1s", "kind:tool_call"]), ["a", "b"]);
        assert_eq!(ids(&["dur:>1s", "dur:<5s", "kind:tool_call"]), ["a"]);
        assert_eq!(ids(&["dur:>0s", "kind:tool_call", "error"]), ["b"]);
        assert_eq!(ids(&["dur:>0s", "kind:tool_call", "-n", "1"]), ["b"]);
        let ran = bus(&["log", source, "dur:>5s", "kind:tool_call", "--width", "120"], "");
        assert!(ran.out.contains(" 7.0 s {"), "{}", ran.out);
    });
}
