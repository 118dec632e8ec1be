//! Runs the example programs as real processes.
#![allow(dead_code, reason = "each test program uses its own part")]

pub(crate) mod http;
pub(crate) mod model;

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A program that takes longer hangs.
const WATCHDOG: Duration = Duration::from_mins(5);

/// The output of a program, and its exit code.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: Option<i32>,
}

impl Ended {
    /// The output of a program that must have succeeded.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self.out
    }

    /// The one line that a program wrote before it failed with this code.
    #[track_caller]
    pub(crate) fn complaint(&self, code: i32) -> &str {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert_eq!(self.err.lines().count(), 1, "{self:#?}");
        self.err.trim_end()
    }
}

/// Runs an example to its end.
pub(crate) fn run<S: AsRef<std::ffi::OsStr>>(name: &str, arguments: &[S]) -> Ended {
    start(name, arguments).end()
}

/// Starts an example whose output can be followed.
pub(crate) fn start<S: AsRef<std::ffi::OsStr>>(name: &str, arguments: &[S]) -> Running {
    Running::new(program(name).args(arguments))
}

/// The command of an example, as cargo built it beside this test.
pub(crate) fn program(name: &str) -> Command {
    let deps = std::env::current_exe().unwrap();
    let path = deps.parent().unwrap().parent().unwrap().join("examples").join(name);
    let path = path.with_extension(std::env::consts::EXE_EXTENSION);
    assert!(
        path.exists(),
        "{} is not built: run `cargo build --package examples --examples`",
        path.display()
    );
    let mut command = Command::new(path);
    command.env_remove("OPENAI_API_KEY").env_remove("NO_COLOR");
    command
}

/// A running program.
pub(crate) struct Running {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
    err: JoinHandle<String>,
    read: String,
    _alive: Sender<()>,
}

impl Running {
    pub(crate) fn new(command: &mut Command) -> Self {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut err = child.stderr.take().unwrap();
        let err = thread::spawn(move || {
            let mut text = String::new();
            err.read_to_string(&mut text).map(|_| text).unwrap()
        });
        let (alive, ended) = mpsc::channel::<()>();
        let id = child.id();
        thread::spawn(move || {
            if ended.recv_timeout(WATCHDOG) == Err(RecvTimeoutError::Timeout) {
                signal(id, "KILL");
            }
        });
        Self { child, out, err, read: String::new(), _alive: alive }
    }

    /// Waits for a line with `text`, and returns that line.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        loop {
            let mut line = String::new();
            let bytes = self.out.read_line(&mut line).unwrap();
            assert!(bytes > 0, "the program ended without a line that holds {text:?}:\n{}", self.read);
            self.read.push_str(&line);
            if line.contains(text) {
                return line.trim_end().to_owned();
            }
        }
    }

    /// Reads so many lines, or those that there are.
    pub(crate) fn read_lines(&mut self, lines: usize) {
        for _ in 0..lines {
            self.out.read_line(&mut self.read).unwrap();
        }
    }

    /// Sends the signal of Ctrl-C.
    pub(crate) fn interrupt(&self) {
        signal(self.child.id(), "INT");
    }

    /// Ends the program at once.
    pub(crate) fn kill(&self) {
        signal(self.child.id(), "KILL");
    }

    /// The rest of the output, once the program has ended.
    pub(crate) fn end(mut self) -> Ended {
        self.out.read_to_string(&mut self.read).unwrap();
        let code = self.child.wait().unwrap().code();
        Ended { out: self.read, err: self.err.join().unwrap(), code }
    }
}

fn signal(process: u32, name: &str) {
    // A bare system has no program `kill`, but each shell has one built in.
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {process}")]).status();
    assert!(sent.unwrap().success() || name == "KILL");
}

/// A path inside the package.
pub(crate) fn data(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The lines of a file, each as JSON.
pub(crate) fn json_lines(text: &str) -> Vec<serde_json::Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A folder about birds, with a file that is not text.
pub(crate) fn birds() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &[u8]| std::fs::write(folder.path().join(name), text).unwrap();
    file(
        "birds.md",
        b"# Birds\n\nSwifts sleep while they fly. They land only to breed.\n\nPenguins cannot fly.\n",
    );
    file("sea.txt", b"The sea is cold. Penguins swim in it and eat krill.\n");
    file("map.rs", b"/// Opens the map of all nests.\npub fn open_the_map() {}\n");
    file("portrait.png", &[0x89, b'P', b'N', b'G', 0, 0xff]);
    folder
}
