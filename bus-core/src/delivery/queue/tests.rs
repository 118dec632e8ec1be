use super::*;
use crate::delivery::overflow::LagCause;
use crate::event::{Decoded, EventId, FromJson, Head, Kind};
use crate::scope::Scope;

fn item(seq: u64, coalesce: u64, critical: bool) -> Queued {
    let body = FromJson {
        kind: Kind::Open("k".into()),
        raw: "{}".into(),
        version: None,
        decoded: Decoded::Undeclared,
    };
    let head = Head::new(1, std::time::SystemTime::UNIX_EPOCH, Arc::new(Scope::new("s")), None);
    head.stamp(seq);
    Queued { coalesce, ..Queued::new(Arc::new(Stored::of(head, body)), critical) }
}

fn filled(overflow: Overflow, items: impl IntoIterator<Item = Queued>) -> Queue {
    let mut queue = Queue::new(Bounds { capacity: 2, hard_limit: 3, bytes: usize::MAX, overflow });
    items.into_iter().for_each(|item| {
        queue.push(item);
    });
    queue
}

/// The events in order, each gap as (missed, from, to) before the event it precedes.
fn read(queue: &mut Queue) -> Vec<Result<u64, (u64, u64, u64)>> {
    let gap_of = |gap: Lagged| Err((gap.missed.unwrap(), gap.from.seq(), gap.to.seq()));
    let mut all = Vec::new();
    loop {
        all.extend(queue.take_gap().map(gap_of));
        let Some(next) = queue.pop() else { break };
        all.push(Ok(next.event.head.seq()));
    }
    all.extend(queue.tail.take().of(0).map(gap_of));
    all
}

#[test]
fn drop_oldest_marks_the_gap_before_what_is_left() {
    let mut queue = filled(Overflow::DropOldest, (1..=5).map(|seq| item(seq, 0, false)));
    assert_eq!(read(&mut queue), [Err((3, 1, 3)), Ok(4), Ok(5)]);
}

#[test]
fn drop_newest_marks_the_gap_after_what_is_kept() {
    let mut queue = filled(Overflow::DropNewest, (1..=5).map(|seq| item(seq, 0, false)));
    assert_eq!(read(&mut queue), [Ok(1), Ok(2), Err((3, 3, 5))]);
}

#[test]
fn a_gap_at_the_end_stands_before_the_event_that_comes_next() {
    let mut queue = filled(Overflow::DropNewest, (1..=3).map(|seq| item(seq, 0, false)));
    queue.pop();
    queue.push(item(4, 0, false));
    assert_eq!(read(&mut queue), [Ok(2), Err((1, 3, 3)), Ok(4)]);
}

#[test]
fn critical_events_are_the_last_to_go() {
    let items = [item(1, 0, true), item(2, 0, false), item(3, 0, false), item(4, 0, true)];
    let mut queue = filled(Overflow::DropOldest, items);
    assert_eq!(read(&mut queue), [Ok(1), Err((2, 2, 3)), Ok(4)]);
}

#[test]
fn critical_events_go_over_the_capacity_up_to_the_hard_limit() {
    let mut queue = filled(Overflow::DropOldest, (1..=4).map(|seq| item(seq, 0, true)));
    assert_eq!(read(&mut queue), [Ok(1), Ok(2), Ok(3), Err((1, 4, 4))]);
}

#[test]
fn coalesce_replaces_only_what_is_equal() {
    let items = [item(1, 7, false), item(2, 8, false), item(3, 7, false)];
    let mut queue = filled(Overflow::Coalesce, items);
    assert_eq!(
        read(&mut queue),
        [Ok(2), Ok(3)],
        "a replaced event is no gap: its successor says what it said"
    );
}

#[test]
fn wait_lets_in_up_to_the_hard_limit() {
    let mut queue = filled(Overflow::Wait, (1..=4).map(|seq| item(seq, 0, false)));
    assert_eq!(read(&mut queue), [Ok(1), Ok(2), Ok(3), Err((1, 4, 4))]);
}

#[test]
fn a_replay_does_not_count_against_the_capacity() {
    let mut queue =
        Queue::new(Bounds { capacity: 2, hard_limit: 3, bytes: usize::MAX, overflow: Overflow::DropNewest });
    queue.mark_gap(0, Lagged::new(EventId::new(1, 0), EventId::new(1, 0), Some(2), LagCause::Evicted));
    (1..=5).for_each(|seq| queue.replay(item(seq, 0, false).event, false));
    queue.push(item(6, 0, false));
    assert_eq!(read(&mut queue), [Err((2, 0, 0)), Ok(1), Ok(2), Ok(3), Ok(4), Ok(5), Ok(6)]);
}
