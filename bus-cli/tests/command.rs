//! The command as a person and a program call it: output, messages, exit codes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bus_core::store::{Entry, Gap, NotRecorded, Store};
use bus_journal::Journal;

/// The output of a call.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn bus(arguments: &[&str], input: &str) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bus"));
    command.args(arguments).env_remove("BUS_SOURCE").env_remove("NO_COLOR");
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that reads nothing may have ended already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

fn line(kind: &str, second: u32, execution: &str, data: &str) -> String {
    let scope = format!(r#""stream_id":"api","node_id":"plan","execution_id":"{execution}""#);
    let position = format!(r#""id":"00c0ffee00c0ffee-{second}","seq":{second}"#);
    format!(
        r#"{{"type":"{kind}",{scope},"data":{data},"timestamp":"2026-11-22T06:14:{second:02}.500000",{position}}}"#
    ) + "\n"
}

fn session() -> String {
    [
        line("tool_asked", 1, "exec-a", r#"{"tool_name":"grep"}"#),
        line("tool_asked", 2, "exec-b", r#"{"tool_name":"read_file"}"#),
        line("tool_failed", 3, "exec-b", r#"{"error":"no such file"}"#),
        line("tool_asked", 4, "exec-a", r#"{"tool_name":"grep"}"#),
    ]
    .concat()
}

fn file(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

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
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(session().as_bytes()).unwrap();
    let packed = file(folder.path(), "run.jsonl.gz", &gzip.finish().unwrap());
    for source in [plain.to_str().unwrap(), packed.to_str().unwrap()] {
        assert_eq!(bus(&["log", source], "").out, session());
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_bus"));
    let output = command.args(["log", "kind:tool_failed"]).env("BUS_SOURCE", &plain).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 1);
}

#[test]
fn a_compressed_file_that_ends_early_is_damaged_where_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    gzip.write_all(session().repeat(1_000).as_bytes()).unwrap();
    let mut bytes = gzip.finish().unwrap();
    bytes.truncate(bytes.len() / 2);
    let ran = bus(&["query", file(folder.path(), "cut.gz", &bytes).to_str().unwrap()], "");
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.out.contains("tool_asked"));
}

#[test]
fn for_a_person_there_are_columns_of_the_asked_width() {
    let ran = bus(&["log", "-", "--width", "80"], &session());
    assert!(ran.out.lines().all(|line| line.chars().count() <= 80), "{}", ran.out);
    assert!(ran.out.starts_with("06:14:01.500 1      tool_asked "), "{}", ran.out);
    let ran = bus(&["executions", "-", "--width", "100"], &session());
    let rows: Vec<Vec<_>> = ran.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[1], ["exec-a", "api", "unknown", "2", "0"]);
    assert_eq!(rows[2], ["exec-b", "api", "unknown", "2", "1"]);
}

#[test]
fn executions_have_the_state_that_their_events_declare() {
    let life = [
        line("execution_started", 1, "exec-a", "{}"),
        line("execution_started", 2, "exec-b", "{}"),
        line("execution_started", 3, "exec-c", "{}"),
        line("execution_failed", 4, "exec-b", r#"{"error":"no such file"}"#),
        line("execution_completed", 5, "exec-c", "{}"),
    ]
    .concat();
    let ran = bus(&["executions", "-", "--width", "100"], &life);
    let rows: Vec<Vec<_>> = ran.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[1], ["exec-a", "api", "running", "06:14:01.500", "0", "ms", "1", "0"]);
    assert_eq!(rows[2], ["exec-b", "api", "failed", "06:14:02.500", "2.0", "s", "2", "1"]);
    assert_eq!(rows[3], ["exec-c", "api", "completed", "06:14:03.500", "2.0", "s", "2", "0"]);
    let ids = |option: &str| {
        let out = bus(&["executions", "-", option], &life).out;
        let id = |line: &str| line.split("\"execution\":\"").nth(1).unwrap()[..6].to_owned();
        out.lines().map(id).collect::<Vec<_>>()
    };
    assert_eq!((ids("--open"), ids("--failed")), (vec!["exec-a".to_owned()], vec!["exec-b".to_owned()]));
    // Another run of a bus begins: what the first did not end is interrupted.
    let later = line("execution_started", 6, "exec-d", "{}").replace("00c0ffee00c0ffee", "00c0ffee00c0fff0");
    let ran = bus(&["executions", "-"], &(life + &later));
    assert!(ran.out.lines().next().unwrap().contains(r#""state":"interrupted""#), "{}", ran.out);
}

#[test]
fn counts_come_largest_first() {
    let ran = bus(&["query", "-", "--by", "data.tool_name"], &session());
    let rows =
        ["{\"count\":2,\"data.tool_name\":\"grep\"}", "{\"count\":1,\"data.tool_name\":\"read_file\"}"];
    assert_eq!(ran.out.lines().collect::<Vec<_>>(), rows);
    assert_eq!(bus(&["query", "-", "--by", "tool"], "").code, 2);
}

#[test]
fn one_event_is_found_by_its_id() {
    let ran = bus(&["show", "-", "--id", "00c0ffee00c0ffee-3", "--width", "60"], &session());
    assert_eq!(ran.code, 0);
    assert!(ran.out.contains(r#""error": "no such file""#), "{}", ran.out);
    assert_eq!(bus(&["show", "-", "--id", "00c0ffee00c0ffee-9"], &session()).code, 1);
}

#[test]
fn damaged_lines_are_counted_and_the_others_are_shown() {
    let last = line("tool_asked", 5, "exec-a", "{}");
    let cut = format!("{}not json\n{last}{{\"type\":\"tool_as", session());
    let ran = bus(&["log", "-"], &cut);
    assert_eq!((ran.code, ran.out.lines().count()), (3, 5));
    assert!(ran.err.starts_with("! 2 lines are no events; the first is line 5: "), "{}", ran.err);
}

#[test]
fn each_way_to_go_wrong_is_one_line_and_a_code() {
    let missing = bus(&["log", "no-such-file.jsonl"], "");
    assert_eq!(missing.code, 4);
    assert!(missing.err.starts_with("bus: `no-such-file.jsonl` cannot be read: "), "{}", missing.err);
    let calls: [(&[&str], i32); 5] = [
        (&["log"], 2),
        (&["lug", "-"], 2),
        (&["log", "-", "--what"], 2),
        (&["log", "-", "kind:x"], 1),
        (&["--help"], 0),
    ];
    for (arguments, code) in calls {
        let ran = bus(arguments, &session());
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.err);
        assert!(ran.err.lines().count() <= 1, "{arguments:?}: {}", ran.err);
    }
}

#[test]
fn text_of_a_recording_cannot_steer_the_terminal() {
    let bad = line("tool_asked", 1, "exec-\\u001b[31m", r#"{"text":"\u001b[2J"}"#);
    let ran = bus(&["log", "-", "--width", "120", "--color", "never"], &bad);
    assert!(!ran.out.contains('\u{1b}'), "{:?}", ran.out);
    assert!(ran.out.contains("\\u{1b}"), "{}", ran.out);
}

#[test]
fn a_journal_takes_a_recording_once_and_gives_it_back_to_the_letter() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("run.db");
    let journal = journal.to_str().unwrap();
    // As the bus writes it: with its keys in their order, and the zone of the time.
    let written: String = session()
        .lines()
        .map(|line| bus_core::EventBus::new().read_json(line).unwrap().to_json() + "\n")
        .collect();
    let ran = bus(&["import", journal, "-"], &written);
    assert_eq!((ran.code, ran.out.as_str()), (0, "4 events imported, 0 were there already\n"), "{}", ran.err);
    let ran = bus(&["import", journal, "-"], &written);
    assert_eq!((ran.code, ran.out.as_str()), (1, "0 events imported, 4 were there already\n"), "{}", ran.err);
    assert_eq!(bus(&["log", journal], "").out, written);
    assert_eq!(bus(&["log", journal, "execution:exec-a"], "").out.lines().count(), 2);
    assert_eq!(bus(&["doctor", journal], "").code, 0);
}

#[test]
fn a_gap_of_a_journal_is_a_line_of_every_output_and_an_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.db");
    let journal = Journal::open(&path).unwrap();
    journal.begin(7).unwrap();
    journal.write(&[Entry::Gap(Gap::new(1, 3, 3, NotRecorded::Full))]).unwrap();
    journal.end().unwrap();
    drop(journal);
    let path = path.to_str().unwrap();
    let ran = bus(&["log", path, "--width", "100"], "");
    assert_eq!(ran.code, 3);
    assert!(ran.out.starts_with("! 3 events are missing from "), "{}", ran.out);
    let ran = bus(&["log", path], "");
    assert!(ran.out.starts_with(r#"{"gap":{"cause":"#), "{}", ran.out);
    assert_eq!(bus(&["doctor", path], "").code, 3);
}

#[test]
fn a_journal_that_is_written_can_be_read_and_takes_no_import() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.db");
    let _writer = Journal::open(&path).unwrap();
    let path = path.to_str().unwrap();
    assert_eq!(bus(&["log", path], "").code, 1);
    let ran = bus(&["import", path, "-"], &session());
    assert_eq!(ran.code, 4);
    assert!(ran.err.starts_with(&format!("bus: `{path}`: ")), "{}", ran.err);
    assert!(ran.err.contains(&std::process::id().to_string()), "{}", ran.err);
}
