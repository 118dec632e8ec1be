//! Journals: import, gaps, a writer at work.

use bus_core::store::{Entry, Gap, NotRecorded, Store};
use bus_journal::Journal;

use crate::support::{bus, session};

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
