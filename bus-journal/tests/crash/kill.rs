//! Processes that are killed, and power cuts.

use std::collections::HashSet;
use std::fs;

use bus_core::{EventId, Since};
use bus_journal::{GapCause, Journal, OpenError, Reader, Recorded};

use crate::child::{Recording, child, ids};
use crate::support::Place;

/// `BUS_CRASHES` sets the number of rounds.
fn rounds(unless_set: usize) -> usize {
    std::env::var("BUS_CRASHES").map_or(unless_set, |text| text.parse().unwrap())
}

/// The cursors of all events behind a position, which must grow in each run and never repeat.
pub(crate) fn cursors(reader: &Reader, since: Since, case: &str) -> Vec<EventId> {
    let items: Vec<_> = reader.query().since(since).oldest_first().items().map(Result::unwrap).collect();
    let gaps: Vec<_> = items.iter().filter_map(|item| item.gap()).collect();
    assert!(gaps.iter().all(|gap| gap.cause == GapCause::Interrupted), "{case}: {gaps:?}");
    let cursors: Vec<_> = items.iter().filter_map(|item| Some(item.event()?.cursor())).collect();
    let mut seen = HashSet::new();
    for pair in cursors.windows(2) {
        assert!(pair[0].run() != pair[1].run() || pair[0].seq() < pair[1].seq(), "{case}: {pair:?}");
    }
    assert!(cursors.iter().all(|cursor| seen.insert(cursor)), "{case}: a position was given twice");
    cursors
}

pub(crate) fn assert_there(stored: &[EventId], cursors: &[EventId], case: &str) {
    let cursors: HashSet<_> = cursors.iter().collect();
    for id in stored {
        assert!(cursors.contains(id), "{case}: {id} was acknowledged and is not there");
    }
}

#[test]
fn a_killed_bus_loses_nothing_that_it_acknowledged() {
    let place = Place::in_memory();
    drop(place.open());
    let (mut since, mut all) = (Since::Beginning, HashSet::new());
    for round in 0..rounds(200) {
        let program = std::env::current_exe().unwrap();
        let mut recording = Recording::start(child("child::publishing_child", &place.path(), &[&program]));
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
        since = Since::After(*found.last().unwrap());
        assert!(found.into_iter().all(|id| all.insert(id)), "{case}: a position was given twice");
    }
    let journal = place.open();
    assert_eq!(cursors(&journal, Since::Beginning, "all").into_iter().collect::<HashSet<_>>(), all);
    assert!(journal.check().unwrap().damage.is_empty());
}

/// A journal whose writer was killed, with commits that are in the log alone, and what that writer
/// had acknowledged.
#[cfg(target_os = "linux")]
fn interrupted() -> (Place, Vec<EventId>) {
    let place = Place::in_memory();
    let mut recording = Recording::of_batches(&place.path(), 1_000_000, &[]);
    let mut lines: Vec<String> = (0..5).filter_map(|_| recording.line()).collect();
    recording.kill_after(&mut lines);
    (place, ids(&lines, "stored "))
}

#[cfg(target_os = "linux")]
#[test]
fn a_writer_killed_at_each_write_and_sync_loses_nothing() {
    let (begun, before) = interrupted();
    for what in ["kill", "tear"] {
        killed_at_each_call(what, None, &[]);
        killed_at_each_call(what, Some(&begun), &before);
    }
}

/// Kills a writer at its first call, its second call and so on, before the call or in the middle of
/// it. It begins with a new journal, or with one in which `before` was acknowledged.
#[cfg(target_os = "linux")]
fn killed_at_each_call(what: &str, begun: Option<&Place>, before: &[EventId]) {
    for call in 1.. {
        let case = format!("{what} at call {call}, {} before", before.len());
        let place = Place::in_memory();
        if let Some(begun) = begun {
            begun.copy_to(&place);
        }
        let fault = format!("{what}:{call}:1");
        let lines = Recording::of_batches(&place.path(), 5, &[("BUS_FAULT", &fault)]).lines();
        if lines.last().is_some_and(|line| line.starts_with("end")) {
            assert!(call > 45, "only {call} calls write or sync");
            break;
        }
        let stored = [before, &ids(&lines, "stored ")].concat();
        if let Ok(reader) = Journal::read(place.path()) {
            assert_there(&stored, &cursors(&reader, Since::Beginning, &case), &case);
        } else {
            assert!(stored.is_empty(), "{case}");
        }
        // The next run is recorded, whatever is there.
        let lines = Recording::of_batches(&place.path(), 1, &[]).lines();
        assert_eq!(lines.last().map(String::as_str), Some("end Ok(())"), "{case}: {lines:?}");
        let journal = place.open();
        let found = cursors(&journal, Since::Beginning, &case);
        assert_there(&stored, &found, &case);
        assert_there(&ids(&lines, "stored "), &found, &case);
        assert!(journal.check().unwrap().damage.is_empty(), "{case}");
    }
}

/// A power cut: of each file either everything is kept or what was synced last.
#[cfg(target_os = "linux")]
#[test]
fn a_power_cut_at_each_write_and_sync_loses_nothing() {
    const ENDS: [&str; 3] = ["", "-wal", "-mark"];
    for call in 1.. {
        let place = Place::in_memory();
        let faults = [("BUS_FAULT", &*format!("kill:{call}:1")), ("BUS_SYNCED", "1")];
        let lines = Recording::of_batches(&place.path(), 3, &faults).lines();
        if lines.last().is_some_and(|line| line.starts_with("end")) {
            assert!(call > 40, "only {call} calls write or sync");
            break;
        }
        let stored = ids(&lines, "stored ");
        for kept in 0..1 << ENDS.len() {
            let (case, left) = (format!("cut at call {call}, kept {kept:03b}"), Place::in_memory());
            for (at, end) in ENDS.iter().enumerate() {
                let synced = place.beside(&format!("{end}.synced"));
                let from = if kept >> at & 1 == 1 { place.beside(end) } else { synced };
                if from.exists() {
                    fs::copy(from, left.beside(end)).unwrap();
                }
            }
            assert_there(&stored, &cursors(&left.open(), Since::Beginning, &case), &case);
        }
    }
}

#[test]
fn one_process_writes_and_two_readers_follow() {
    const EVENTS: usize = 600;
    let place = Place::new();
    drop(place.open());
    // It writes for longer than anybody follows.
    let mut recording = Recording::of_batches(&place.path(), 1_000_000, &[]);
    let mut lines = vec![recording.line().unwrap()];
    let pid = recording.process.id();
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
