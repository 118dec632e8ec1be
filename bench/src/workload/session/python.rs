//! The same session in the Python original, as a program that measures its own time.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::measure::Side;

const PROGRAM: &str = include_str!("session.py");

struct Python {
    child: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// `None` if the original or Python is missing.
pub(super) fn side(shared: &Path, lines: &[String]) -> Option<Side> {
    let seed = shared.join("seed");
    seed.join("event_bus.py").is_file().then_some(())?;
    let mut command = Command::new("python3");
    command.args(["-B", "-c", PROGRAM]).arg(seed).arg(lines.len().to_string());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
    let (mut asks, answers) = (child.stdin.take()?, BufReader::new(child.stdout.take()?));
    for line in lines {
        writeln!(asks, "{line}").ok()?;
    }
    let mut python = Python { child, asks, answers };
    // A first pass, to check that it works.
    python.pass()?;
    Some(Side::timed("the Python original", move |times| {
        (0..times).map(|_| python.pass().expect("Python answers")).sum()
    }))
}

impl Python {
    /// Runs the session once. Returns the time of its thread.
    fn pass(&mut self) -> Option<Duration> {
        writeln!(self.asks, "pass").ok()?;
        self.asks.flush().ok()?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer).ok()?;
        Some(Duration::from_nanos(answer.trim().parse().ok()?))
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // It waits for a line; without a reader it would remain as a process.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
