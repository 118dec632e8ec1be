//! Crashes and failing disks, in child processes: what was acknowledged is there.
//!
//! A program of their own: until a new child runs its own program, it also holds the locks of this
//! one, and journals that other tests have closed would look as if somebody wrote to them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

#[path = "../all/support.rs"]
mod support;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use bus_core::store::{Entry, Store};
use bus_core::{EventId, Since};
use bus_journal::{GapCause, Journal, OpenError, Reader, Recorded};

use support::{Place, bus, steps};

/// The path of the journal that a child writes, and how many batches it writes.
const CHILD: &str = "BUS_JOURNAL_CHILD";

/// Runs only in a child: records batches of three events and prints what became of each.
#[test]
fn child() {
    let Ok(setting) = std::env::var(CHILD) else { return };
    let (path, batches) = setting.split_once('=').unwrap();
    let journal = match Journal::open(path) {
        Ok(journal) => journal,
        Err(error) => return println!("refused {error}"),
    };
    let bus = bus();
    for batch in 0..batches.parse().unwrap() {
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

/// A child that records into a journal.
struct Recording {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Recording {
    fn start(journal: &Path, batches: u64, fault: Option<&str>) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "child", "--nocapture"]);
        command
            .env(CHILD, format!("{}={batches}", journal.display()))
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        if let Some(fault) = fault {
            command.env("LD_PRELOAD", library()).env("BUS_FAULT", fault);
        }
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// The next line that the child prints about its work, if it still does.
    fn line(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            // A line that was cut off by the end of the process was not printed.
            if self.lines.read_line(&mut line).unwrap() == 0 || !line.ends_with('\n') {
                return None;
            }
            // The runner prints the name of the test in front of the first line.
            let line = line.trim_end().trim_start_matches("test child ... ");
            if ["stored ", "lost ", "refused ", "end "].iter().any(|word| line.starts_with(word)) {
                return Some(line.to_owned());
            }
        }
    }

    fn lines(mut self) -> Vec<String> {
        let lines = std::iter::from_fn(|| self.line()).collect();
        self.child.wait().unwrap();
        lines
    }

    /// Kills the child, and adds what it had printed until then.
    fn kill_after(mut self, lines: &mut Vec<String>) {
        self.child.kill().unwrap();
        lines.extend(std::iter::from_fn(|| self.line()));
        self.child.wait().unwrap();
    }
}

/// The library that lets calls fail, compiled once.
fn library() -> &'static Path {
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

fn ids(lines: &[String], word: &str) -> Vec<EventId> {
    let of = |line: &String| line.strip_prefix(word).map(str::to_owned);
    let words: Vec<String> = lines.iter().filter_map(of).collect();
    words.iter().flat_map(|line| line.split(' ')).filter_map(|id| id.parse().ok()).collect()
}

/// The cursors of all events behind a position, which must grow in each run and never repeat.
fn cursors(reader: &Reader, since: Since, case: &str) -> Vec<EventId> {
    let items: Vec<_> = reader.query().since(since).oldest_first().items().map(Result::unwrap).collect();
    let gaps: Vec<_> = items.iter().filter_map(|item| item.gap()).collect();
    assert!(gaps.iter().all(|gap| gap.cause == GapCause::Interrupted), "{case}: {gaps:?}");
    let cursors: Vec<_> = items.iter().filter_map(|item| Some(item.event()?.cursor())).collect();
    for pair in cursors.windows(2) {
        assert!(pair[0].run() != pair[1].run() || pair[0].seq() < pair[1].seq(), "{case}: {pair:?}");
    }
    cursors
}

fn assert_there(stored: &[EventId], cursors: &[EventId], case: &str) {
    for id in stored {
        assert!(cursors.contains(id), "{case}: {id} was acknowledged and is not there");
    }
}

/// `BUS_CRASHES` sets the number of rounds.
fn rounds(unless_set: usize) -> usize {
    std::env::var("BUS_CRASHES").map_or(unless_set, |text| text.parse().unwrap())
}

#[test]
fn a_killed_writer_loses_nothing_that_it_acknowledged() {
    let place = Place::new();
    drop(place.open());
    let (mut since, mut all) = (Since::Beginning, 0);
    for round in 0..rounds(40) {
        let mut recording = Recording::start(&place.path(), 1_000_000, None);
        let mut lines: Vec<String> = (0..=round * 7 % 23).filter_map(|_| recording.line()).collect();
        recording.kill_after(&mut lines);
        let (case, stored) = (format!("round {round}"), ids(&lines, "stored "));
        assert!(!stored.is_empty(), "{case}: {lines:?}");
        // Before and after a writer has looked at it.
        let reader = Journal::read(place.path()).unwrap();
        assert_there(&stored, &cursors(&reader, since, &case), &case);
        let journal = place.open();
        assert_eq!(journal.report().gaps.len(), 1, "{case}: {}", journal.report());
        let found = cursors(&journal, since, &case);
        assert_there(&stored, &found, &case);
        all += found.len();
        since = Since::After(*found.last().unwrap());
    }
    let journal = place.open();
    assert_eq!(cursors(&journal, Since::Beginning, "all").len(), all);
    assert!(journal.check().unwrap().damage.is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn a_writer_killed_at_each_write_and_sync_loses_nothing() {
    for call in 1.. {
        let (place, case) = (Place::new(), format!("killed at call {call}"));
        let lines = Recording::start(&place.path(), 5, Some(&format!("kill:{call}:1"))).lines();
        if lines.last().is_some_and(|line| line.starts_with("end")) {
            assert!(call > 60, "only {call} calls write or sync");
            break;
        }
        let stored = ids(&lines, "stored ");
        if let Ok(reader) = Journal::read(place.path()) {
            assert_there(&stored, &cursors(&reader, Since::Beginning, &case), &case);
        } else {
            assert!(stored.is_empty(), "{case}");
        }
        // The next run is recorded, whatever is there.
        let lines = Recording::start(&place.path(), 1, None).lines();
        assert_eq!(lines.last().map(String::as_str), Some("end Ok(())"), "{case}: {lines:?}");
        let journal = place.open();
        let found = cursors(&journal, Since::Beginning, &case);
        assert_there(&stored, &found, &case);
        assert_there(&ids(&lines, "stored "), &found, &case);
        assert!(journal.check().unwrap().damage.is_empty(), "{case}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_loses_nothing_that_was_acknowledged_and_recording_goes_on() {
    let mut refused_batches = 0;
    for call in (1..140).step_by(4) {
        let (place, case) = (Place::new(), format!("full at call {call}"));
        drop(place.open());
        let lines = Recording::start(&place.path(), 12, Some(&format!("space:{call}:9"))).lines();
        let stored = ids(&lines, "stored ");
        assert_there(&stored, &cursors(&place.open(), Since::Beginning, &case), &case);
        let lost: Vec<_> = lines.iter().filter(|line| line.starts_with("lost ")).collect();
        assert!(lost.iter().all(|line| line.ends_with(" Full")), "{case}: {lost:?}");
        refused_batches += lost.len();
        let started = !lines.iter().any(|line| line.starts_with("refused "));
        if started && call < 60 {
            let newest = lines.iter().rev().find(|line| !line.starts_with("end")).unwrap();
            assert!(newest.starts_with("stored "), "{case}: it did not go on: {lines:?}");
        }
    }
    assert!(refused_batches > 20, "only {refused_batches} batches were refused");
}

#[cfg(target_os = "linux")]
#[test]
fn a_failed_write_acknowledges_nothing() {
    for call in (1..140).step_by(5) {
        let (place, case) = (Place::new(), format!("call {call} fails"));
        drop(place.open());
        let lines = Recording::start(&place.path(), 12, Some(&format!("write:{call}:2"))).lines();
        let journal = place.open();
        assert_there(&ids(&lines, "stored "), &cursors(&journal, Since::Beginning, &case), &case);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn after_a_failed_sync_nothing_more_is_acknowledged() {
    let mut refused = 0;
    for call in 1..16 {
        let (place, case) = (Place::new(), format!("sync {call} fails"));
        drop(place.open());
        let lines = Recording::start(&place.path(), 8, Some(&format!("sync:{call}:1"))).lines();
        let Some(failed) = lines.iter().position(|line| line.starts_with("lost ") || line.contains("Err("))
        else {
            continue;
        };
        assert!(lines[failed..].iter().all(|line| !line.starts_with("stored ")), "{case}: {lines:?}");
        let reader = Journal::read(place.path()).unwrap();
        assert_there(&ids(&lines, "stored "), &cursors(&reader, Since::Beginning, &case), &case);
        // In this boot nobody writes to this file again.
        let error = Journal::open(place.path()).unwrap_err();
        assert!(matches!(&error, OpenError::Io(_)), "{case}: {error}");
        assert!(error.to_string().contains("restart the machine"), "{case}: {error}");
        refused += 1;
    }
    assert!(refused > 5, "only {refused} syncs failed");
}

#[test]
fn one_process_writes_and_two_readers_follow() {
    const EVENTS: usize = 600;
    let place = Place::new();
    drop(place.open());
    // It writes for longer than anybody follows.
    let mut recording = Recording::start(&place.path(), 1_000_000, None);
    let mut lines = vec![recording.line().unwrap()];
    let pid = recording.child.id();
    let error = Journal::open(place.path()).unwrap_err();
    assert!(matches!(error, OpenError::InUse { pid: Some(other) } if other == pid), "{error}");
    let follow = || {
        let reader = Journal::read(place.path()).unwrap();
        let (mut since, mut found) = (Since::Beginning, Vec::new());
        while found.len() < EVENTS {
            let page = reader.query().since(since).oldest_first().page().unwrap();
            assert!(page.items.iter().all(|item| item.gap().is_none()), "{:?}", page.items);
            found.extend(page.items.iter().map(|item| item.event().unwrap().cursor()));
            since = found.last().map_or(Since::Beginning, |last| Since::After(*last));
        }
        found.truncate(EVENTS);
        found
    };
    let (one, two) = std::thread::scope(|scope| {
        let (one, two) = (scope.spawn(follow), scope.spawn(follow));
        (one.join().unwrap(), two.join().unwrap())
    });
    // An event may be acknowledged a moment after it can be read.
    lines.extend((1..EVENTS / 3).filter_map(|_| recording.line()));
    let stored = ids(&lines, "stored ");
    assert_eq!((&one, &two), (&stored, &stored));
    recording.kill_after(&mut lines);
    let last = *ids(&lines, "stored ").last().unwrap();
    let newest = place
        .open()
        .query()
        .limit(2)
        .items()
        .map(Result::unwrap)
        .find_map(|item| item.event().map(Recorded::cursor));
    assert!(newest.unwrap() >= last, "{newest:?} is older than {last}");
}
