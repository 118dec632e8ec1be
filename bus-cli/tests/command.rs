//! The command as a person and a program call it: output, messages, exit codes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

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
    assert!(ran.out.starts_with("06:14:01.500 1       tool_asked "), "{}", ran.out);
    let ran = bus(&["executions", "-", "--width", "100"], &session());
    let rows: Vec<Vec<_>> = ran.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[1], ["exec-a", "api", "06:14:01.500", "3.0", "s", "2", "0"]);
    assert_eq!(rows[2], ["exec-b", "api", "06:14:02.500", "1.0", "s", "2", "1"]);
    let ran = bus(&["executions", "-", "--failed", "--json"], &session());
    let start = r#"{"began":"06:14:02.500","errors":1,"events":2,"execution":"exec-b""#;
    assert!(ran.out.starts_with(start), "{}", ran.out);
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
