//! `bus log -f`: goes on with what is recorded meanwhile, until it is stopped.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use bus_core::EventBus;
use bus_core::store::{Entry, Gap, NotRecorded, Store};
use bus_journal::Journal;

use crate::support::{bus, file, line, packed};

/// A call that goes on, killed at the end of a test that failed.
pub(crate) struct Follower(Child, BufReader<ChildStdout>);

impl Follower {
    pub(crate) fn start(path: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bus"));
        command.arg("log").arg(path).arg("-f").args(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self(child, out)
    }

    /// Waits for the next line.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.1.read_line(&mut line).unwrap();
        line
    }

    /// Waits until it ends by itself; returns the exit code, the rest of the output and the errors.
    fn end(mut self) -> (Option<i32>, String, String) {
        let (mut rest, mut errors) = (String::new(), String::new());
        self.1.read_to_string(&mut rest).unwrap();
        self.0.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        (self.0.wait().unwrap().code(), rest, errors)
    }

    /// Presses Ctrl-C, and returns the exit code and the rest of the output.
    pub(crate) fn stop(mut self) -> (Option<i32>, String) {
        Command::new("kill").args(["-INT", &self.0.id().to_string()]).status().unwrap();
        let mut rest = String::new();
        self.1.read_to_string(&mut rest).unwrap();
        (self.0.wait().unwrap().code(), rest)
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_file_that_grows_is_followed_line_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let path =
        file(folder.path(), "run.jsonl", (line("a", 1, "x", "{}") + &line("b", 2, "x", "{}")).as_bytes());
    let mut follower = Follower::start(&path, &["-n", "1", "-kind:c"]);
    assert_eq!(follower.line(), line("b", 2, "x", "{}"));
    let mut grows = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    let next = line("d", 4, "x", "{}");
    // A line is not read before its end is there.
    grows.write_all((line("c", 3, "x", "{}") + &next[..20]).as_bytes()).unwrap();
    grows.write_all(&next.as_bytes()[20..]).unwrap();
    assert_eq!(follower.line(), next);
    assert_eq!(follower.stop(), (Some(130), String::new()));
}

#[test]
fn a_journal_is_followed_while_another_process_writes_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.db");
    let journal = Journal::open(&path).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _entered = runtime.enter();
    let bus = EventBus::builder().store(journal).build().unwrap();
    let emit = |kind: &str| {
        let sent = bus.stream("desk").emit_dynamic(kind, serde_json::json!({})).send();
        runtime.block_on(sent.recorded()).unwrap();
    };
    emit("first");
    let mut follower = Follower::start(&path, &["-kind:second"]);
    assert!(follower.line().contains(r#""type":"first""#));
    emit("second");
    emit("third");
    assert!(follower.line().contains(r#""type":"third""#));
    assert_eq!(follower.stop(), (Some(130), String::new()));
}

#[test]
fn a_gap_is_a_line_and_comes_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.db");
    let journal = Journal::open(&path).unwrap();
    journal.begin(7).unwrap();
    let mut follower = Follower::start(&path, &[]);
    journal.write(&[Entry::Gap(Gap::new(1, 3, 3, NotRecorded::Full))]).unwrap();
    assert!(follower.line().contains(r#""events":3"#));
    journal.write(&[Entry::Gap(Gap::new(4, 4, 1, NotRecorded::Full))]).unwrap();
    assert!(follower.line().contains(r#""events":1"#));
    assert_eq!(follower.stop(), (Some(130), String::new()));
}

/// The last ones are of what is there already: all that comes later is shown.
#[test]
fn all_durations_that_come_later_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let call = |kind: &str, second: u32, id: u32| {
        line(kind, second, "x", &format!(r#"{{"tool_use_id":"{id}","tool_name":"grep"}}"#))
    };
    let ends = |id: u32| call("tool_call_completed", 10 + id, id);
    let begun: String = (1..=6).map(|id| call("tool_call_started", id, id)).collect();
    let path = file(folder.path(), "run.jsonl", (begun + &ends(1) + &ends(2)).as_bytes());
    let mut follower = Follower::start(&path, &["-n", "1", "dur:>1s"]);
    assert_eq!(follower.line(), ends(2));
    let mut grows = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    grows.write_all((ends(3) + &ends(4) + &ends(5) + &ends(6)).as_bytes()).unwrap();
    assert_eq!([3, 4, 5, 6].map(|_| follower.line()), [3, 4, 5, 6].map(ends));
    assert_eq!(follower.stop(), (Some(130), String::new()));
}

#[test]
fn a_file_that_is_cut_or_replaced_is_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let lines = line("a", 1, "x", "{}") + &line("b", 2, "x", "{}");
    for replaces in [false, true] {
        let path = file(folder.path(), "run.jsonl", lines.as_bytes());
        let mut follower = Follower::start(&path, &[]);
        assert_eq!(follower.line() + &follower.line(), lines);
        if replaces {
            // Longer than the old one, as after a rotation of logs.
            let new = file(folder.path(), "new", (lines.clone() + &line("c", 3, "x", "{}")).as_bytes());
            std::fs::rename(new, &path).unwrap();
        } else {
            std::fs::write(&path, line("a", 1, "x", "{}")).unwrap();
        }
        let (code, out, err) = follower.end();
        assert_eq!((code, out.as_str()), (Some(4), ""), "replaces: {replaces}");
        let says = "was cut or replaced while it was followed: start again";
        assert_eq!(err, format!("bus: `{}` {says}\n", path.display()), "replaces: {replaces}");
    }
}

#[test]
fn what_cannot_grow_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let packed = file(folder.path(), "run.jsonl.gz", &packed(&line("a", 1, "x", "{}")));
    let ran = bus(&["log", packed.to_str().unwrap(), "-f"], "");
    assert_eq!(ran.code, 2);
    assert!(ran.err.ends_with("is compressed, so it does not grow: leave out `-f`\n"), "{}", ran.err);
    // A pipe ends with its writer.
    let ran = bus(&["log", "-", "-f"], &line("a", 1, "x", "{}"));
    assert_eq!((ran.code, ran.out), (0, line("a", 1, "x", "{}")));
}
