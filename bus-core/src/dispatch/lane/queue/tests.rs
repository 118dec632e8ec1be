use std::sync::Arc;

use super::super::overflow::LagCause;
use super::*;
use crate::event::{Decoded, Event, FromJson, Head, Kind, Stored};
use crate::scope::Scope;

fn item(seq: u64, coalesce: u64, critical: bool) -> Queued {
    let body = FromJson {
        kind: Kind::Open("k".into()),
        raw: "{}".into(),
        version: None,
        decoded: Decoded::Undeclared,
    };
    let head = Head::new(1, Arc::new(Scope::new("s")), None);
    head.stamp(seq);
    Queued {
        event: Event::new(Arc::new(Stored { head, body })),
        gap: None,
        ticket: None,
        coalesce,
        critical,
        replay: false,
    }
}

fn filled(overflow: Overflow, items: impl IntoIterator<Item = Queued>) -> Backlog {
    let mut backlog = Backlog::new(2, 3, overflow);
    items.into_iter().for_each(|item| {
        backlog.push(item);
    });
    backlog
}

/// The events in order, each gap as (missed, from, to) before the event it precedes.
fn read(backlog: &mut Backlog) -> Vec<Result<u64, (u64, u64, u64)>> {
    let told = |gap: Lagged| Err((gap.missed, gap.from_seq, gap.to_seq));
    let mut all = Vec::new();
    loop {
        all.extend(backlog.take_gap().map(told));
        let Some(next) = backlog.pop() else { break };
        all.push(Ok(next.event.seq()));
    }
    all.extend(backlog.take_tail_gap().map(told));
    all
}

#[test]
fn drop_oldest_marks_the_gap_before_what_is_left() {
    let mut backlog = filled(Overflow::DropOldest, (1..=5).map(|seq| item(seq, 0, false)));
    assert_eq!(read(&mut backlog), [Err((3, 1, 3)), Ok(4), Ok(5)]);
}

#[test]
fn drop_newest_marks_the_gap_after_what_is_kept() {
    let mut backlog = filled(Overflow::DropNewest, (1..=5).map(|seq| item(seq, 0, false)));
    assert_eq!(read(&mut backlog), [Ok(1), Ok(2), Err((3, 3, 5))]);
}

#[test]
fn a_gap_at_the_end_stands_before_the_event_that_comes_next() {
    let mut backlog = filled(Overflow::DropNewest, (1..=3).map(|seq| item(seq, 0, false)));
    backlog.pop();
    backlog.push(item(4, 0, false));
    assert_eq!(read(&mut backlog), [Ok(2), Err((1, 3, 3)), Ok(4)]);
}

#[test]
fn critical_events_are_the_last_to_go() {
    let items = [item(1, 0, true), item(2, 0, false), item(3, 0, false), item(4, 0, true)];
    let mut backlog = filled(Overflow::DropOldest, items);
    assert_eq!(read(&mut backlog), [Ok(1), Err((2, 2, 3)), Ok(4)]);
}

#[test]
fn critical_events_go_over_the_capacity_up_to_the_hard_limit() {
    let mut backlog = filled(Overflow::DropOldest, (1..=4).map(|seq| item(seq, 0, true)));
    assert_eq!(read(&mut backlog), [Ok(1), Ok(2), Ok(3), Err((1, 4, 4))]);
}

#[test]
fn coalesce_replaces_only_what_is_equal() {
    let items = [item(1, 7, false), item(2, 8, false), item(3, 7, false)];
    let mut backlog = filled(Overflow::Coalesce, items);
    assert_eq!(
        read(&mut backlog),
        [Ok(2), Ok(3)],
        "a replaced event is no gap: its successor says what it said"
    );
}

#[test]
fn wait_lets_in_up_to_the_hard_limit() {
    let mut backlog = filled(Overflow::Wait, (1..=4).map(|seq| item(seq, 0, false)));
    assert_eq!(read(&mut backlog), [Ok(1), Ok(2), Ok(3), Err((1, 4, 4))]);
}

#[test]
fn a_replay_does_not_count_against_the_capacity() {
    let mut backlog = Backlog::new(2, 3, Overflow::DropNewest);
    backlog.replay((1..=5).map(|seq| item(seq, 0, false).event).collect());
    backlog.mark_gap_before(Lagged { missed: 2, from_seq: 0, to_seq: 0, cause: LagCause::Evicted });
    backlog.push(item(6, 0, false));
    assert_eq!(read(&mut backlog), [Err((2, 0, 0)), Ok(1), Ok(2), Ok(3), Ok(4), Ok(5), Ok(6)]);
}
