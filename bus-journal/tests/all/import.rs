//! Import and export: without loss, each event once.

use bus_core::store::Store;
use bus_core::wire::Reader;
use bus_core::{EventBus, ReadEvent};
use bus_journal::Journal;

use crate::support::{Place, answer, bus, events, lines, record, steps};

fn reader() -> Reader {
    EventBus::new().reader()
}

fn export(journal: &Journal) -> String {
    let mut out = Vec::new();
    let gaps = journal.query().oldest_first().export(&mut out).unwrap();
    assert!(gaps.is_empty(), "{gaps:?}");
    String::from_utf8(out).unwrap()
}

#[test]
fn an_exported_journal_is_imported_to_the_letter_and_once() {
    let (place, bus) = (Place::new(), bus());
    let journal = place.open();
    steps(&bus, 0..2_500);
    record(&journal, &bus);
    journal.end().unwrap();
    let text = export(&journal);
    assert_eq!(text.lines().collect::<Vec<_>>(), lines(&events(&bus)));
    // Its own events are known by their positions.
    let again = journal.import(reader().lines(text.as_bytes())).unwrap();
    assert_eq!((again.stored, again.known), (0, 2_500));

    let other = Place::new();
    let journal = other.open();
    let first = journal.import(reader().lines(text.as_bytes())).unwrap();
    assert_eq!((first.stored, first.known), (2_500, 0));
    let second = journal.import(reader().lines(text.as_bytes())).unwrap();
    assert_eq!((second.stored, second.known), (0, 2_500));
    assert_eq!(export(&journal), text);
    assert!(other.path().exists());
    drop(journal);
    assert!(other.open().report().is_clean());
}

#[test]
fn lines_without_ids_are_known_by_their_content_and_count() {
    let place = Place::new();
    let journal = place.open();
    let line = |n: u32| {
        format!("{{\"type\":\"a\",\"stream_id\":\"s\",\"timestamp\":\"2026-11-22T06:14:08\",\"data\":{n}}}\n")
    };
    let text: String = [1, 2, 1, 1, 3].map(line).concat();
    let first = journal.import(reader().lines(text.as_bytes())).unwrap();
    assert_eq!((first.stored, first.known), (5, 0));
    let longer = text + &line(1) + &line(4);
    let second = journal.import(reader().lines(longer.as_bytes())).unwrap();
    assert_eq!((second.stored, second.known), (2, 5));
    let canonical: Vec<_> = reader().lines(longer.as_bytes()).map(|event| event.unwrap().to_json()).collect();
    assert_eq!(answer(journal.query().oldest_first()), canonical);
}

#[test]
fn equal_ids_in_one_file_are_stored_once() {
    let place = Place::new();
    let line = r#"{"type":"a","stream_id":"s","timestamp":"2026-11-22T06:14:08","id":"step-1"}"#;
    let text = format!("{line}\n{line}\n");
    let imported = place.open().import(reader().lines(text.as_bytes())).unwrap();
    assert_eq!((imported.stored, imported.known), (1, 1));
}

#[test]
fn a_bad_line_ends_an_import_and_what_came_before_stays() {
    let place = Place::new();
    let journal = place.open();
    let good = r#"{"type":"a","stream_id":"s","timestamp":"2026-11-22T06:14:08"}"#;
    let text = format!("{good}\n{good}\n{{\"type\":\n{good}\n");
    let error = journal.import(reader().lines(text.as_bytes())).unwrap_err().to_string();
    assert!(error.starts_with("line 3: "), "{error}");
    assert_eq!(answer(journal.query()).len(), 2);
    drop(journal);
    assert!(place.open().report().is_clean());
}

#[test]
fn a_journal_in_use_refuses_an_import() {
    let (place, bus) = (Place::new(), bus());
    let journal = place.open();
    steps(&bus, 0..1);
    record(&journal, &bus);
    let event: ReadEvent = events(&bus).remove(0).into();
    let known = journal.import([Ok(event)]).unwrap();
    assert_eq!(known.known, 1);
    let line = r#"{"type":"a","stream_id":"s","timestamp":"2026-11-22T06:14:08"}"#;
    let error = journal.import(reader().lines(line.as_bytes())).unwrap_err().to_string();
    assert!(error.contains("another bus records into this journal"), "{error}");
}
