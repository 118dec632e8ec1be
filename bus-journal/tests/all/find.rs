//! Events found by their id, and counts by names.

use bus_core::filter::Field;
use bus_core::store::Store;
use bus_core::{EventBus, Filter};
use bus_journal::{Journal, OpenError};
use serde_json::json;

use crate::support::{Place, bus, events, lines, record, run_of, steps, write};

#[test]
fn an_event_is_found_by_the_id_it_was_born_with() {
    let place = Place::new();
    let (journal, bus) = (place.open(), bus());
    for n in 0..3 {
        bus.stream("desk").emit_dynamic("asked", json!({ "n": n })).send();
    }
    record(&journal, &bus);
    journal.end().unwrap();
    let foreign =
        r#"{"type":"asked","stream_id":"desk","id":"a \"quoted\" id","timestamp":"2026-11-22T06:14:08"}"#;
    let elsewhere = foreign.replace(r#"a \"quoted\" id"#, "00c0ffee00c0ffee-2");
    for line in [foreign, &elsewhere] {
        journal.import(EventBus::new().reader().lines(line.as_bytes())).unwrap();
    }
    for event in events(&bus) {
        let found = journal.find(&event.id().to_string()).unwrap().unwrap();
        assert_eq!(found.json(), event.to_json());
    }
    assert!(journal.find("a \"quoted\" id").unwrap().is_some());
    assert_eq!(journal.find("00c0ffee00c0ffee-2").unwrap().unwrap().kind(), "asked");
    // Its position in the journal is not its id.
    let moved = journal.find("00c0ffee00c0ffee-2").unwrap().unwrap().cursor().to_string();
    for id in [&*moved, "00c0ffee00c0ffee-3", "nothing", ""] {
        assert!(journal.find(id).unwrap().is_none(), "{id}");
    }
}

#[test]
fn an_id_behind_the_end_of_its_run_is_no_event_of_the_next_one() {
    let place = Place::new();
    let journal = place.open();
    let [first, second] = [bus(), bus()];
    for (bus, count) in [(&first, 10), (&second, 20)] {
        // The journal did not get all of the first run.
        steps(bus, 0..20);
        journal.begin(run_of(bus)).unwrap();
        write(&journal, &events(bus)[..count]);
        journal.end().unwrap();
    }
    for event in &events(&first)[10..] {
        assert!(journal.find(&event.id().to_string()).unwrap().is_none(), "{}", event.to_json());
    }
    let text = lines(&events(&first)).join("\n");
    let imported = journal.import(EventBus::new().reader().lines(text.as_bytes())).unwrap();
    assert_eq!((imported.stored, imported.known), (10, 10));
}

#[test]
fn counts_are_those_of_a_loop_over_the_events_that_fit() {
    let place = Place::new();
    let (journal, bus) = (place.open(), bus());
    for n in 0..200_u64 {
        let emitter = bus.stream(["desk", "shop"][usize::from(n % 3 == 0)]);
        let emitter = emitter.maybe_execution((n % 5 > 0).then(|| format!("exec-{}", n % 5)));
        emitter.emit_dynamic(format!("kind_{}", n * n % 7), json!({ "n": n })).send();
    }
    record(&journal, &bus);
    let filters =
        ["", "kind:kind_*", "kind:kind_1,kind_2 execution:exec-1", "stream:shop -kind:x", "kind:none"];
    for filter in filters {
        let filter: Filter = filter.parse().unwrap();
        for (field, part) in [
            (Field::Kind, (|event| Some(event.kind())) as fn(&bus_core::AnyEvent) -> Option<&str>),
            (Field::StreamId, |event| Some(event.stream())),
            (Field::ExecutionId, |event| event.execution()),
        ] {
            let mut counts = std::collections::BTreeMap::new();
            for event in events(&bus).iter().filter(|event| filter.matches(*event)) {
                if let Some(value) = part(event) {
                    *counts.entry(value.to_owned()).or_insert(0) += 1;
                }
            }
            let Some(mut found) = journal.count(&field, &filter).unwrap() else {
                // An excluded value is looked for in each event.
                assert!(filter.to_string().contains('-'), "{filter}");
                continue;
            };
            assert!(found.is_sorted_by(|(_, many), (_, few)| many >= few), "{found:?}");
            found.sort();
            assert_eq!(found, counts.into_iter().collect::<Vec<_>>(), "{field:?} of {filter}");
        }
    }
    assert_eq!(journal.count(&Field::Data("n".to_owned()), &Filter::new()).unwrap(), None);
    assert_eq!(journal.count(&Field::Kind, &Filter::new().error()).unwrap(), None);
}

#[test]
fn another_file_is_left_alone_and_nothing_is_left_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "not a database, and longer than its header would be: ".repeat(20)).unwrap();
    let other = folder.path().join("other.db");
    rusqlite::Connection::open(&other)
        .unwrap()
        .execute_batch("CREATE TABLE t (x); PRAGMA user_version = 7")
        .unwrap();
    for path in [text, other] {
        let before = std::fs::read(&path).unwrap();
        assert!(matches!(Journal::open(&path), Err(OpenError::NotAJournal)));
        assert!(matches!(Journal::read(&path), Err(OpenError::NotAJournal)));
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
    let error = Journal::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("it is a folder"), "{error}");
    let names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(!std::fs::exists(format!("{}-lock", folder.path().display())).unwrap());
}
