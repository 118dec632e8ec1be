//! Calls of the command, and recordings for it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bus_core::EventBus;
use bus_core::store::{Entry, Gap, NotRecorded, Store};
use bus_journal::Journal;

/// The output of a call.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn bus(arguments: &[&str], input: &str) -> Ran {
    bus_with(&[], arguments, input)
}

/// A call with these variables in its environment.
pub(crate) fn bus_with(environment: &[(&str, &str)], arguments: &[&str], input: &str) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bus"));
    command.args(arguments).env_remove("BUS_SOURCE").env_remove("NO_COLOR");
    command.envs(environment.iter().copied());
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that reads nothing may have ended already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

pub(crate) fn line(kind: &str, second: u32, execution: &str, data: &str) -> String {
    let scope = format!(r#""stream_id":"api","node_id":"plan","execution_id":"{execution}""#);
    let position = format!(r#""id":"00c0ffee00c0ffee-{second}","seq":{second}"#);
    format!(
        r#"{{"type":"{kind}",{scope},"data":{data},"timestamp":"2026-11-22T06:14:{second:02}.500000",{position}}}"#
    ) + "\n"
}

pub(crate) fn session() -> String {
    [
        line("tool_asked", 1, "exec-a", r#"{"tool_name":"grep"}"#),
        line("tool_asked", 2, "exec-b", r#"{"tool_name":"read_file"}"#),
        line("tool_failed", 3, "exec-b", r#"{"error":"no such file"}"#),
        line("tool_asked", 4, "exec-a", r#"{"tool_name":"grep"}"#),
    ]
    .concat()
}

pub(crate) fn file(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// A journal that lacks three events and has no other.
pub(crate) fn with_gap(folder: &Path) -> String {
    let path = folder.join("gap.db");
    let journal = Journal::open(&path).unwrap();
    journal.begin(7).unwrap();
    journal.write(&[Entry::Gap(Gap::new(1, 3, 3, NotRecorded::Full))]).unwrap();
    journal.end().unwrap();
    path.to_str().unwrap().to_owned()
}

/// The lines of a recording as the bus writes them: keys in their order, times with their zone.
pub(crate) fn as_the_bus_writes(lines: &str) -> String {
    let bus = EventBus::new();
    bus.reader().lines(lines.as_bytes()).map(|event| event.unwrap().to_json() + "\n").collect()
}

/// The text as `gzip` writes it.
pub(crate) fn packed(text: &str) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    gzip.finish().unwrap()
}

/// Two calls that end, one that does not, and an end without a beginning.
pub(crate) fn calls() -> String {
    let call = |id: &str, tool: &str| format!(r#"{{"tool_use_id":"{id}","tool_name":"{tool}"}}"#);
    let failed = r#"{"tool_use_id":"b","tool_name":"grep","is_error":true}"#;
    [
        line("tool_call_started", 1, "exec-a", &call("a", "grep")),
        line("tool_call_started", 2, "exec-a", &call("b", "grep")),
        line("tool_call_completed", 3, "exec-a", &call("a", "grep")),
        line("tool_call_started", 4, "exec-b", &call("a", "read_file")),
        line("tool_call_completed", 9, "exec-a", failed),
        line("tool_call_completed", 10, "exec-c", &call("z", "grep")),
    ]
    .concat()
}

/// Calls a test with a file of lines and with a journal that has the same events.
pub(crate) fn with_both(lines: &str, test: impl Fn(&str)) {
    let folder = tempfile::tempdir().unwrap();
    test(file(folder.path(), "run.jsonl", lines.as_bytes()).to_str().unwrap());
    let journal = folder.path().join("run.db");
    let journal = journal.to_str().unwrap();
    let ran = bus(&["import", journal, "-"], lines);
    assert_eq!(ran.code, 0, "{}", ran.err);
    test(journal);
}
