//! Queries: filters against a plain loop over all lines, paging, time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bus_core::filter::Field;
use bus_core::store::Store;
use bus_core::{EventBus, Filter, Since};
use bus_journal::{Journal, Query, QueryError};
use serde_json::json;

use crate::support::{Place, answer, bus, events, lines, record, steps};

/// 400 events of 5 kinds and 4 executions over three runs, in an order that mixes them.
fn filled(place: &Place) -> (Journal, Vec<bus_core::AnyEvent>) {
    let (journal, mut all) = (place.open(), Vec::new());
    for run in 0..3_u64 {
        let second = std::sync::atomic::AtomicU64::new(run * 1_000);
        let clock = move || {
            // Some are older than the one before, as with a clock that is set back.
            let now = second.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            UNIX_EPOCH + Duration::from_secs(if now % 7 == 3 { now - 3 } else { now })
        };
        let bus = EventBus::builder().history(1_000).clock(clock).build().unwrap();
        for n in 0..400_u64 {
            let desk = bus.stream(["desk", "shop"][usize::from(n % 3 == 0)]);
            let kind = format!("kind_{}", n * n % 5);
            let emitter = desk.execution(format!("exec-{}", n % 4)).node(format!("node-{}", n % 2));
            let emitter =
                emitter.correlation(format!("c-{}", n % 6)).attribute("graph", format!("g-{}", n % 5));
            emitter.emit_dynamic(&kind, json!({ "n": n, "text": format!("number {n}") })).send();
        }
        record(&journal, &bus);
        journal.end().unwrap();
        all.extend(events(&bus));
    }
    (journal, all)
}

/// A query, and the events that it finds.
type Case = (fn(Query) -> Query, fn(&bus_core::AnyEvent) -> bool);

#[test]
fn filters_find_what_a_loop_over_all_events_finds() {
    let place = Place::new();
    let (journal, all) = filled(&place);
    let cases: [Case; 12] = [
        (|query| query, |_| true),
        (|query| query.kinds(["kind_1"]), |event| event.kind() == "kind_1"),
        (
            |query| query.kinds(["kind_1", "kind_0", "none"]),
            |event| ["kind_1", "kind_0"].contains(&event.kind()),
        ),
        (|query| query.kinds(["kind_*"]).execution("exec-2"), |event| event.execution() == Some("exec-2")),
        (|query| query.kinds(["none*"]), |_| false),
        (
            |query| {
                query.matching(
                    Filter::new().kind("kind_1").kind("kind_4").without(Field::ExecutionId, "exec-1"),
                )
            },
            |event| ["kind_1", "kind_4"].contains(&event.kind()) && event.execution() != Some("exec-1"),
        ),
        (|query| query.execution("exec-1").execution("exec-3"), |event| event.seq() % 2 == 0),
        (
            |query| query.kinds(["kind_4"]).execution("exec-1").node("node-1"),
            |event| event.kind() == "kind_4" && event.execution() == Some("exec-1"),
        ),
        (|query| query.stream("shop"), |event| event.stream() == "shop"),
        (
            |query| query.correlation("c-0").attribute("graph", "g-1").attribute("graph", "g-2"),
            |event| {
                event.correlation() == Some("c-0")
                    && ["g-1", "g-2"].map(Some).contains(&event.attribute("graph"))
            },
        ),
        (
            |query| query.matching("kind:kind_* NUMBER data.n:1,17".parse().unwrap()),
            |event| [1, 17].map(serde_json::Value::from).contains(&event.data()["n"]),
        ),
        (|query| query.attribute("absent", "g-1"), |_| false),
    ];
    for (at, (ask, fits)) in cases.into_iter().enumerate() {
        let mut expected: Vec<_> = all.iter().filter(|event| fits(event)).cloned().collect();
        for limit in [13, 100, 10_000] {
            let found = answer(ask(journal.query()).oldest_first().limit(limit));
            assert_eq!(found, lines(&expected), "case {at}, oldest first, pages of {limit}");
        }
        expected.reverse();
        assert_eq!(answer(ask(journal.query()).limit(19)), lines(&expected), "case {at}, newest first");
    }
}

#[test]
fn a_time_misses_nothing_although_clocks_are_set_back() {
    let place = Place::new();
    let (journal, all) = filled(&place);
    for second in [0, 1, 5, 399, 1_000, 1_003, 2_390, 9_999] {
        let time = UNIX_EPOCH + Duration::from_secs(second);
        let (late, early): (Vec<_>, Vec<_>) =
            all.iter().cloned().partition(|event| event.timestamp() >= time);
        assert_eq!(answer(journal.query().since(time).oldest_first()), lines(&late), "since {second}");
        assert_eq!(
            answer(journal.query().matching(Filter::new().before(time)).oldest_first()),
            lines(&early),
            "before {second}"
        );
    }
}

#[test]
fn the_time_so_far_is_found_in_a_long_journal() {
    let (place, bus) = (Place::new(), bus());
    steps(&bus, 0..5_000);
    let journal = place.open();
    record(&journal, &bus);
    let all = events(&bus);
    let time = all[3_500].timestamp();
    let late: Vec<_> = all.iter().filter(|event| event.timestamp() >= time).cloned().collect();
    assert_eq!(answer(journal.query().since(time).oldest_first()), lines(&late));
    assert_eq!(answer(journal.query().since(SystemTime::now() + Duration::from_secs(9))), [""; 0]);
}

#[test]
fn an_unknown_cursor_is_an_error() {
    let place = Place::new();
    let (journal, _) = filled(&place);
    let foreign: bus_core::EventId = "00c0ffee00c0ffee-7".parse().unwrap();
    let error = journal.query().since(foreign).page().unwrap_err();
    assert!(matches!(error, QueryError::UnknownCursor(cursor) if cursor == foreign), "{error}");
    assert!(journal.query().limit(0).page().unwrap().next.is_none());
}

#[test]
fn a_reader_follows_a_writer() {
    let (place, bus) = (Place::new(), bus());
    let journal = place.open();
    steps(&bus, 0..30);
    journal.begin(crate::support::run_of(&bus)).unwrap();
    let reader = Journal::read(place.path()).unwrap();
    let (mut since, mut found) = (Since::Beginning, Vec::new());
    for batch in events(&bus).chunks(10) {
        crate::support::write(&journal, batch);
        let page = reader.query().since(since).oldest_first().page().unwrap();
        found.extend(page.items.iter().map(crate::support::text));
        since = Since::After(page.items.last().unwrap().event().unwrap().cursor());
    }
    assert_eq!(found, lines(&events(&bus)));
}

#[test]
fn texts_of_a_filter_are_compared_as_they_are() {
    let (place, bus) = (Place::new(), bus());
    let texts = ["it's", "it''s", "') OR (1", "a\u{0}b", "a", "?1", ""];
    for text in texts {
        let desk = bus.stream("desk").node(text).execution(text).correlation(text);
        desk.emit_dynamic("step", json!({})).send();
    }
    let journal = place.open();
    record(&journal, &bus);
    for (text, event) in texts.into_iter().zip(events(&bus)) {
        let query = || journal.query().limit(1);
        for found in [query().node(text), query().execution(text), query().correlation(text)] {
            assert_eq!(answer(found), [event.to_json()], "{text:?}");
        }
    }
    assert_eq!(answer(journal.query().node("it's").stream("shop")), [""; 0]);
}
