//! Opening: one writer, files that are no journals, and what is missing.

use std::fs;

use bus_core::EventBus;
use bus_core::store::Store;
use bus_journal::{GapCause, Journal, OpenError};

use crate::support::{Place, answer, bus, events, lines, record, steps};

#[test]
fn a_second_writer_is_refused_with_the_process_that_has_it() {
    let place = Place::new();
    let journal = place.open();
    let error = Journal::open(place.path()).unwrap_err();
    assert!(matches!(error, OpenError::InUse { pid: Some(pid) } if pid == std::process::id()), "{error}");
    let clone = journal.clone();
    drop(journal);
    assert!(Journal::open(place.path()).is_err(), "a clone still holds it");
    drop(clone);
    place.open();
}

#[test]
fn other_files_are_refused_and_not_touched() {
    let place = Place::new();
    fs::write(place.path(), "a letter, and no journal: ".repeat(400)).unwrap();
    refused(&place, |error| matches!(error, OpenError::NotAJournal));

    fs::remove_file(place.path()).unwrap();
    let other = rusqlite::Connection::open(place.path()).unwrap();
    other.execute_batch("CREATE TABLE notes (text)").unwrap();
    drop(other);
    refused(&place, |error| matches!(error, OpenError::NotAJournal));
}

fn refused(place: &Place, fits: fn(&OpenError) -> bool) {
    let before = fs::read(place.path()).unwrap();
    for error in [Journal::open(place.path()).unwrap_err(), Journal::read(place.path()).unwrap_err()] {
        assert!(fits(&error), "{error:?}");
    }
    assert!(fs::read(place.path()).unwrap() == before);
}

#[test]
fn another_version_is_refused() {
    let place = Place::new();
    drop(place.open());
    let raw = rusqlite::Connection::open(place.path()).unwrap();
    raw.pragma_update(None, "user_version", 7).unwrap();
    drop(raw);
    refused(&place, |error| matches!(error, OpenError::Newer { found: 7, known: 3 }));
    let raw = rusqlite::Connection::open(place.path()).unwrap();
    raw.pragma_update(None, "user_version", 1).unwrap();
    drop(raw);
    refused(&place, |error| matches!(error, OpenError::Older { found: 1, known: 3 }));
}

#[test]
fn a_missing_journal_or_folder_is_an_error_for_readers() {
    let place = Place::new();
    let error = Journal::read(place.path()).unwrap_err();
    assert!(
        matches!(&error, OpenError::Io(error) if error.kind() == std::io::ErrorKind::NotFound),
        "{error}"
    );
    assert!(!place.path().exists());
    let error = Journal::open(place.path().join("run.db")).unwrap_err();
    assert!(matches!(error, OpenError::Io(_)), "{error}");
}

#[test]
fn a_run_without_an_end_is_reported_and_kept_in_place() {
    let place = Place::new();
    let mut expected = Vec::new();
    for _ in 0..2 {
        let (journal, bus) = (place.open(), bus());
        steps(&bus, 0..10);
        record(&journal, &bus);
        drop(journal);
        expected.extend(lines(&events(&bus)));
        expected.push("Interrupted 11..11 None".to_owned());
        // Also for one who reads before anybody writes again.
        let reader = Journal::read(place.path()).unwrap();
        assert_eq!(answer(reader.query().oldest_first()), expected);

        let journal = place.open();
        let [gap] = journal.report().gaps.as_slice() else { panic!("{}", journal.report()) };
        assert_eq!((gap.cause.clone(), gap.from.seq(), gap.events), (GapCause::Interrupted, 11, None));
        assert_eq!(answer(journal.query().oldest_first()), expected);
        drop(journal);
        assert!(place.open().report().is_clean(), "it is reported once");
    }
    // A cursor of what the run had not recorded is behind what it had.
    let journal = place.open();
    let lost: bus_core::EventId = cursor(&journal, 15);
    assert_eq!(answer(journal.query().since(lost).oldest_first()), expected[10..]);
}

/// The cursor with this number in the first run.
fn cursor(journal: &Journal, seq: u64) -> bus_core::EventId {
    let page = journal.query().oldest_first().limit(1).page().unwrap();
    format!("{:016x}-{seq}", page.items[0].event().unwrap().cursor().run()).parse().unwrap()
}

#[test]
fn what_the_file_has_lost_is_reported_by_the_mark() {
    let (place, bus) = (Place::new(), bus());
    steps(&bus, 0..100);
    let journal = place.open();
    record(&journal, &bus);
    // The copy has the first runs only: what came later is in the `-wal` file.
    let copy = Place::new();
    fs::copy(place.path(), copy.path()).unwrap();
    fs::copy(place.beside("-mark"), copy.beside("-mark")).unwrap();
    journal.end().unwrap();
    let journal = copy.open();
    let report = journal.report();
    assert!(report.gaps.iter().any(|gap| gap.cause == GapCause::Lost && gap.to.seq() == 100), "{report}");
    let found = answer(journal.query().oldest_first());
    assert_eq!(found, ["Lost 1..100 None", "Interrupted 101..101 None"]);

    // Its positions are not given again.
    let second = crate::support::bus();
    steps(&second, 0..5);
    record(&journal, &second);
    journal.end().unwrap();
    assert_eq!(answer(journal.query().oldest_first())[2..], lines(&events(&second)));
}

/// A journal of ten events that was closed, and the bus that has published them.
fn closed() -> (Place, EventBus) {
    let (place, bus) = (Place::new(), bus());
    steps(&bus, 0..10);
    let journal = place.open();
    record(&journal, &bus);
    journal.end().unwrap();
    (place, bus)
}

#[test]
fn a_missing_mark_is_reported() {
    let (place, bus) = closed();
    fs::remove_file(place.beside("-mark")).unwrap();
    let journal = place.open();
    assert!(journal.report().damage[0].contains("`-mark` file"), "{}", journal.report());
    assert_eq!(answer(journal.query().oldest_first()), lines(&events(&bus)));
}

#[test]
fn a_removed_database_is_reported_by_its_mark() {
    let (place, _) = closed();
    fs::remove_file(place.path()).unwrap();
    assert_eq!(answer(place.open().query().oldest_first()), ["Lost 1..10 None", "Interrupted 11..11 None"]);
}
