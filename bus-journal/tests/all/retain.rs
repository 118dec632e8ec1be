//! Retention beside a bus that records and readers that follow.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use bus_core::store::Store;
use bus_core::{EventBus, Since};
use bus_journal::{GapCause, Item, Journal, Reader, Retention};
use serde_json::json;

use crate::support::{Place, answer, bus, events, lines, record, steps};

/// Reads everything again and again until it is told to end: events in order, and nothing missing
/// but what retention deleted.
fn follow(reader: &Reader, is_over: &AtomicBool) {
    while !is_over.load(Ordering::Relaxed) {
        let (mut since, mut end) = (Since::Beginning, 0);
        loop {
            let page = reader.query().since(since).oldest_first().page().unwrap();
            for item in &page.items {
                let (from, to) = match item {
                    Item::Event(event) => {
                        let n = position(event.json());
                        (n, n)
                    }
                    Item::Gap(gap) => {
                        assert_eq!(gap.cause, GapCause::Retention);
                        (gap.from.seq(), gap.to.seq())
                    }
                };
                assert_eq!(from, end + 1);
                end = to;
            }
            let last = page.items.iter().rev().find_map(Item::event);
            let Some(last) = last else { break };
            since = Since::After(last.cursor());
        }
    }
}

/// The number of an event, over both runs.
fn position(line: &str) -> u64 {
    let (_, rest) = line.split_once(r#""n":"#).unwrap();
    rest[..rest.find(|digit: char| !digit.is_ascii_digit()).unwrap()].parse().unwrap()
}

/// Records on a bus until it is told to end.
async fn publish(bus: &EventBus, first: u64, recorded: &AtomicU64, is_over: &AtomicBool) {
    let desk = bus.stream("desk");
    for n in first.. {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        desk.emit_dynamic("step", json!({ "n": n })).await.recorded().unwrap();
        recorded.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_bus_goes_on_recording_while_old_events_are_deleted() {
    const OLD: u64 = 10_000;
    let (place, old) = (Place::in_memory(), bus());
    steps(&old, 1..OLD + 1);
    let journal = place.open();
    record(&journal, &old);
    journal.end().unwrap();
    let bus = EventBus::builder().history(1_000_000).store(journal.clone()).build().unwrap();
    let (is_over, recorded) = (AtomicBool::new(false), AtomicU64::new(0));
    let reader = Journal::read(place.path()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (deleted, during) = thread::scope(|scope| {
        scope.spawn(|| runtime.block_on(publish(&bus, OLD + 1, &recorded, &is_over)));
        scope.spawn(|| follow(&reader, &is_over));
        scope.spawn(|| follow(&journal, &is_over));
        while recorded.load(Ordering::Relaxed) == 0 {
            thread::yield_now();
        }
        let before = recorded.load(Ordering::Relaxed);
        let deleted = journal.retain(Retention::all().max_events(500)).unwrap();
        let during = recorded.load(Ordering::Relaxed) - before;
        is_over.store(true, Ordering::Relaxed);
        (usize::try_from(deleted).unwrap(), during)
    });
    assert!(during > 0, "nothing was recorded while {deleted} events were deleted");
    let mut expected = lines(&[events(&old), events(&bus)].concat());
    expected.splice(..deleted, [format!("Retention 1..{deleted} None")]);
    assert_eq!(answer(journal.query().oldest_first()), expected);
    assert!(journal.check().unwrap().damage.is_empty());
}
