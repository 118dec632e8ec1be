//! `bus serve`: a recording over HTTP.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use crate::support::{as_the_bus_writes, bus, file, line, session, with_both, with_gap};

/// A server, and its link.
struct Served(Child, String);

impl Served {
    fn start(source: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bus"));
        let mut child = command.args(["serve", source]).stdout(Stdio::piped()).spawn().unwrap();
        let mut link = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut link).unwrap();
        Self(child, link.trim().to_owned())
    }

    /// The status of an answer to a request without the token.
    fn status(&self, path: &str) -> String {
        let host = self.1.strip_prefix("http://").unwrap().split('/').next().unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().to_owned()
    }

    fn stop(mut self) -> Option<i32> {
        Command::new("kill").args(["-INT", &self.0.id().to_string()]).status().unwrap();
        self.0.wait().unwrap().code()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_recording_that_is_served_has_the_same_events() {
    with_both(&session(), |source| {
        let served = Served::start(source);
        let ran = bus(&["log", &served.1], "");
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        assert_eq!(as_the_bus_writes(&ran.out), as_the_bus_writes(&session()));
        let ran = bus(&["log", &served.1, "kind:tool_failed"], "");
        assert_eq!(ran.out.lines().count(), 1, "{}", ran.err);
        assert_eq!(served.status("/events"), "401", "only who has the link is let in");
        assert_eq!(served.stop(), Some(130));
    });
}

#[test]
fn what_a_recording_lacks_is_said_when_it_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(&with_gap(folder.path()));
    let ran = bus(&["log", &served.1], "");
    assert!(ran.code == 3 && ran.out.starts_with(r#"{"gap":"#), "{} {}", ran.out, ran.err);
    let lines = format!("not json\n{}", line("asked", 1, "x", "{}"));
    let served = Served::start(file(folder.path(), "run.jsonl", lines.as_bytes()).to_str().unwrap());
    assert_eq!(bus(&["log", &served.1], "").out.lines().count(), 1);
}

#[test]
fn a_wrong_port_is_one_line() {
    assert_eq!(bus(&["serve", "-", "--port", "x"], "").code, 2);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ran = bus(&["serve", "-", "--port", &port], "");
    assert_eq!((ran.code, ran.err.lines().count()), (4, 1), "{}", ran.err);
}
