//! Child processes that record into a journal, and what they print about it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use bus_core::store::{Entry, Store};
use bus_core::{EventBus, EventId};
use bus_journal::Journal;
use serde_json::json;

use crate::support::{bus, steps};

/// Which child a process is, and the path that it is given: `NAME:PATH`.
const CHILD: &str = "BUS_JOURNAL_CHILD";
/// How many batches a child writes.
const BATCHES: &str = "BUS_JOURNAL_BATCHES";

/// The path that this process is given as a child of this name.
pub(crate) fn path_of(name: &str) -> Option<PathBuf> {
    let setting = std::env::var(CHILD).ok()?;
    setting.strip_prefix(name)?.strip_prefix(':').map(PathBuf::from)
}

/// A process that runs one of the tests as a child, by its name. `words` are the program, perhaps
/// behind others that start it.
pub(crate) fn child(name: &str, path: &Path, words: &[&Path]) -> Command {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).args(["--exact", name, "--nocapture"]);
    command.env(CHILD, format!("{name}:{}", path.display()));
    command
}

/// Runs only in a child: records batches of three events and prints what became of each.
#[test]
fn writing_child() {
    let Some(path) = path_of("child::writing_child") else { return };
    let journal = match Journal::open(path) {
        Ok(journal) => journal,
        Err(error) => return println!("refused {error}"),
    };
    let bus = bus();
    for batch in 0..std::env::var(BATCHES).unwrap().parse().unwrap() {
        steps(&bus, 3 * batch..3 * batch + 3);
        let mut events = bus.history().limit(3).collect();
        events.reverse();
        if batch == 0
            && let Err(error) = journal.begin(events[0].cursor().run())
        {
            return println!("refused {error}");
        }
        let ids: Vec<_> = events.iter().map(|event| event.cursor().to_string()).collect();
        let entries: Vec<_> = events.into_iter().map(Entry::Event).collect();
        match journal.write(&entries) {
            Ok(()) => println!("stored {}", ids.join(" ")),
            Err(error) => println!("lost {} {error:?}", ids.join(" ")),
        }
    }
    println!("end {:?}", journal.end());
}

/// Runs only in a child: publishes on a bus until it is killed, and prints the id of each event
/// whose `recorded()` came back. Several tasks share commits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publishing_child() {
    let Some(path) = path_of("child::publishing_child") else { return };
    let bus = EventBus::builder().store(Journal::open(path).unwrap()).build().unwrap();
    let tasks = [0, 1, 2].map(|task| {
        let desk = bus.stream("desk").execution(format!("exec-{task}"));
        tokio::spawn(async move {
            for n in 0.. {
                let sent = desk.emit_dynamic("step", json!({ "n": n })).send();
                println!("stored {}", sent.recorded().await.unwrap());
            }
        })
    });
    for task in tasks {
        task.await.unwrap();
    }
}

/// A child that records into a journal.
pub(crate) struct Recording {
    pub(crate) process: Child,
    lines: BufReader<ChildStdout>,
}

impl Recording {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap());
        Self { process, lines }
    }

    /// A child that writes batches. `faults` are settings of the library that lets calls fail.
    pub(crate) fn of_batches(journal: &Path, batches: u64, faults: &[(&str, &str)]) -> Self {
        let program = std::env::current_exe().unwrap();
        let mut command = child("child::writing_child", journal, &[&program]);
        command.env(BATCHES, batches.to_string());
        if !faults.is_empty() {
            command.env("LD_PRELOAD", library()).envs(faults.iter().copied());
        }
        Self::start(command)
    }

    /// The next line that the child prints about its work, if it still does.
    pub(crate) fn line(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            // A line that was cut off by the end of the process was not printed.
            if self.lines.read_line(&mut line).unwrap() == 0 || !line.ends_with('\n') {
                return None;
            }
            // The runner prints the name of the test in front of the first line.
            let line = line.trim_end().rsplit(" ... ").next().unwrap_or_default();
            if ["stored ", "lost ", "refused ", "end "].iter().any(|word| line.starts_with(word)) {
                return Some(line.to_owned());
            }
        }
    }

    pub(crate) fn lines(mut self) -> Vec<String> {
        let lines = std::iter::from_fn(|| self.line()).collect();
        self.process.wait().unwrap();
        lines
    }

    /// Kills the child, and adds what it had printed until then.
    pub(crate) fn kill_after(mut self, lines: &mut Vec<String>) {
        self.process.kill().unwrap();
        lines.extend(std::iter::from_fn(|| self.line()));
        self.process.wait().unwrap();
    }
}

/// The events of lines that begin with a word.
pub(crate) fn ids(lines: &[String], word: &str) -> Vec<EventId> {
    let lines = lines.iter().filter_map(|line| line.strip_prefix(word));
    lines.flat_map(|line| line.split(' ')).filter_map(|id| id.parse().ok()).collect()
}

/// The library that lets calls fail, compiled once.
pub(crate) fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let library = folder.join(format!("fault-{}.so", std::process::id()));
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crash/fault.c");
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(&library)
            .arg(source)
            .arg("-ldl")
            .status();
        assert!(compiled.unwrap().success());
        library
    })
}
