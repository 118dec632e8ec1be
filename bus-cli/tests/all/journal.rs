//! Journals: import, gaps, a writer at work.

use std::path::Path;

use bus_journal::Journal;

use crate::support::{as_the_bus_writes, bus, bus_with, session, with_gap};

#[test]
fn a_journal_takes_a_recording_once_and_gives_it_back_to_the_letter() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("run.db");
    let journal = journal.to_str().unwrap();
    // As the bus writes it: with its keys in their order, and the zone of the time.
    let written = as_the_bus_writes(&session());
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
    let path = with_gap(folder.path());
    let path = &*path;
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

/// An import writes, so that nothing is written to a journal that the call does not name.
#[test]
fn an_import_goes_to_a_journal_that_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let recording = crate::support::file(folder.path(), "run.jsonl", session().as_bytes());
    let (recording, environment) = (recording.to_str().unwrap(), path("of_environment.db"));
    let import =
        |words: &[&str]| bus_with(&[("BUS_SOURCE", &environment)], &[&["import"], words].concat(), "");
    let ran = import(&[recording]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("$BUS_SOURCE is neither of them"), "{}", ran.err);
    // A journal that does not exist yet is one all the same.
    assert_eq!(import(&[&path("new"), recording]).code, 0);
    assert!(Path::new(&path("new")).exists() && !Path::new(&environment).exists());
}
