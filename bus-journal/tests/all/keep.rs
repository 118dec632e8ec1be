//! Retention, executions and the full check.

use std::time::{Duration, SystemTime};

use bus_core::store::{Entry, Store};
use bus_core::{AgentEvent, EventBus, ExecutionState};
use bus_journal::{GapCause, Journal, Retention};
use serde_json::json;

use crate::support::{Place, answer, bus, events, lines, record, steps};

/// A closed run of `count` steps.
fn filled(place: &Place, count: u64) -> (Journal, Vec<String>) {
    let (journal, bus) = (place.open(), bus());
    steps(&bus, 0..count);
    record(&journal, &bus);
    journal.end().unwrap();
    (journal, lines(&events(&bus)))
}

#[test]
fn the_newest_events_are_kept_and_the_rest_is_a_gap() {
    let place = Place::new();
    let (journal, all) = filled(&place, 1_300);
    assert_eq!(journal.retain(Retention::all().max_events(100)).unwrap(), 1_200);
    let found = answer(journal.query().oldest_first());
    assert_eq!(found[0], "Retention 1..1200 None");
    assert_eq!(found[1..], all[1_200..]);
    assert_eq!(journal.retain(Retention::all().max_events(100)).unwrap(), 0);
    drop(journal);

    // Positions go on, also when nothing is left.
    let journal = place.open();
    assert!(journal.report().is_clean(), "{}", journal.report());
    journal.retain(Retention::all().max_events(0)).unwrap();
    drop(journal);
    let (journal, all) = filled(&place, 5);
    assert!(journal.report().is_clean(), "{}", journal.report());
    assert_eq!(answer(journal.query().oldest_first())[1..], all);
    assert_eq!(answer(journal.query().limit(3))[0], all[4]);
}

#[test]
fn old_events_are_deleted_by_their_age() {
    let place = Place::new();
    let now = SystemTime::now();
    let hours = std::sync::atomic::AtomicU64::new(0);
    let clock = move || {
        now - Duration::from_secs(3_600 * (40 - hours.fetch_add(1, std::sync::atomic::Ordering::Relaxed)))
    };
    let bus = EventBus::builder().clock(clock).build().unwrap();
    steps(&bus, 0..40);
    let journal = place.open();
    record(&journal, &bus);
    let deleted = journal.retain(Retention::all().max_age(Duration::from_mins(601))).unwrap();
    assert_eq!(deleted, 30);
    assert_eq!(answer(journal.query().oldest_first())[1..], lines(&events(&bus))[30..]);
}

#[test]
fn the_file_gets_smaller() {
    let place = Place::new();
    let (journal, bus) = (place.open(), bus());
    for _ in 0..600 {
        bus.stream("desk").emit_dynamic("big", json!({ "text": "x".repeat(4_000) })).send();
    }
    record(&journal, &bus);
    journal.end().unwrap();
    let size = || std::fs::metadata(place.path()).unwrap().len();
    let before = size();
    let deleted = journal.retain(Retention::all().max_bytes(600 << 10)).unwrap();
    assert!(deleted > 300 && deleted < 600, "{deleted}");
    assert!(size() <= 700 << 10, "{before} bytes became {}", size());
    let found = answer(journal.query().oldest_first());
    assert_eq!(found[1..], lines(&events(&bus))[usize::try_from(deleted).unwrap()..]);
    assert!(journal.check().unwrap().damage.is_empty());
}

#[test]
fn a_deleted_event_is_a_gap_for_who_resumes_there() {
    let place = Place::new();
    let (journal, bus) = (place.open(), bus());
    steps(&bus, 0..100);
    record(&journal, &bus);
    journal.retain(Retention::all().max_events(40)).unwrap();
    let all = events(&bus);
    let found = answer(journal.query().since(all[9].cursor()).oldest_first());
    assert_eq!(found[0], "Retention 11..60 None");
    assert_eq!(found[1..], lines(&all[60..]));
    assert_eq!(answer(journal.query().since(all[79].cursor()).oldest_first()), lines(&all[80..]));
    let page = journal.query().limit(1).page().unwrap();
    assert!(page.items.iter().all(|item| item.gap().is_none()), "the gap is not in this page");
}

#[test]
fn executions_are_counted() {
    let (place, bus) = (Place::new(), bus());
    let desk = bus.stream("desk");
    for n in 0..30 {
        desk.execution(format!("exec-{}", n % 3)).emit_dynamic("step", json!({})).send();
    }
    desk.execution("child").attribute("parent_execution_id", "exec-1").emit_dynamic("step", json!({})).send();
    desk.emit_dynamic("no_execution", json!({})).send();
    let journal = place.open();
    record(&journal, &bus);
    let (all, found) = (events(&bus), journal.executions().unwrap());
    let ids: Vec<_> = found.iter().map(|execution| (execution.id.as_str(), execution.events)).collect();
    assert_eq!(ids, [("child", 1), ("exec-2", 10), ("exec-1", 10), ("exec-0", 10)]);
    assert_eq!(found[0].parent.as_deref(), Some("exec-1"));
    let zero = &found[3];
    assert_eq!((zero.stream.as_str(), zero.parent.as_deref()), ("desk", None));
    assert_eq!((zero.first, zero.last), (all[0].cursor(), all[27].cursor()));
    assert_eq!((zero.begun, zero.ended), (all[0].timestamp(), all[27].timestamp()));
}

#[derive(AgentEvent)]
enum Runs {
    #[event(requires(execution), execution(begins))]
    RunStarted,
    #[event(requires(execution), execution(ends = "completed"))]
    RunCompleted,
}

#[test]
fn an_execution_without_an_end_is_interrupted_once_its_run_is_over() {
    let (place, bus) = (Place::new(), bus());
    let desk = bus.stream("desk");
    desk.execution("done").emit_run_started().send();
    desk.execution("open").emit_run_started().send();
    desk.execution("done").emit_run_completed().send();
    desk.execution("other").emit_dynamic("step", json!({})).send();
    let states = |journal: &Journal| -> Vec<_> {
        journal.executions().unwrap().into_iter().map(|found| (found.id, found.state)).collect()
    };
    let expected = |open| {
        let states =
            [("other", ExecutionState::Unknown), ("done", ExecutionState::Completed), ("open", open)];
        states.map(|(id, state)| (id.to_owned(), state))
    };
    let journal = place.open();
    record(&journal, &bus);
    assert_eq!(states(&journal), expected(ExecutionState::Running));
    drop(journal);
    assert_eq!(states(&place.open()), expected(ExecutionState::Interrupted));
}

#[test]
fn a_check_reads_everything() {
    let place = Place::new();
    let (journal, _) = filled(&place, 50);
    assert!(journal.check().unwrap().is_clean());
    drop(journal);
    let raw = rusqlite::Connection::open(place.path()).unwrap();
    raw.execute_batch(
        "UPDATE events SET data = '{}' WHERE position = 11; DELETE FROM events WHERE position = 31;
         UPDATE runs SET begun = 7",
    )
    .unwrap();
    drop(raw);
    let report = Journal::read(place.path()).unwrap().check().unwrap();
    let gaps: Vec<_> =
        report.gaps.iter().map(|gap| (gap.cause.clone(), gap.from.seq(), gap.to.seq())).collect();
    assert_eq!(gaps, [(GapCause::Damaged, 10, 10), (GapCause::Lost, 30, 30)]);
    assert_eq!(report.damage.len(), 1, "{report}");
    assert!(report.damage[0].ends_with("does not match its checksum"), "{report}");
}

/// Each execution of a commit has a page of an index, which the log gets anew each time.
#[test]
fn the_log_is_written_back_in_time_where_commits_have_many_executions() {
    const LIMIT: u64 = 8 << 20;
    let (place, bus) = (Place::in_memory(), bus());
    for n in 0..300 * 64 {
        let desk = bus.stream("desk").execution(format!("exec-{}", n % 64));
        desk.emit_dynamic("step", json!({ "text": "x".repeat(120) })).send();
    }
    let (journal, all) = (place.open(), events(&bus));
    journal.begin(all[0].cursor().run()).unwrap();
    let (mut longest, mut before, mut returned) = (0, 0, 0);
    for commit in all.chunks(64) {
        let entries: Vec<_> = commit.iter().cloned().map(Entry::Event).collect();
        journal.write(&entries).unwrap();
        let length = std::fs::metadata(place.beside("-wal")).unwrap().len();
        longest = longest.max(length);
        // Where it is not longer, it was written back and begins anew.
        returned += u64::from(length == before);
        before = length;
    }
    assert!(longest < LIMIT + LIMIT / 4, "the log has {longest} bytes");
    assert!(longest > LIMIT / 2, "it is written back too often: at {longest} bytes");
    assert!(returned > 100, "the log began anew for {returned} commits only");
}
