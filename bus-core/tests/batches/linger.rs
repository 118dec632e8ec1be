//! Batches that wait for more events: what ends the wait, and what it costs others.

use std::future::Future;
use std::time::Duration;

use bus_core::{Batch, EventBus, Outcome, Overflow, Sent, Subscription};
use tokio::time::{Instant, sleep};

use crate::common::{Notes, all_done, settle, threaded, trial};
use crate::{LoadEmit, Other, Work, numbers};

const HOUR: Duration = Duration::from_hours(1);

/// A handler that takes `n` events a call, lingers for an hour, and notes their numbers.
fn lingering(bus: &EventBus, n: usize) -> (Notes<Vec<u64>>, Subscription) {
    let calls = Notes::new();
    let work = bus.subscribe::<Work>().name("lingering").batch(n).linger(HOUR).with(calls.clone());
    let guard = work.handle(async |calls: Notes<Vec<u64>>, events: Batch<Work>| {
        calls.add(numbers(&events));
    });
    (calls, guard)
}

fn send(bus: &EventBus, numbers: impl IntoIterator<Item = u64>) -> Vec<Sent> {
    numbers.into_iter().map(|n| bus.stream("desk").emit_work(n).send()).collect()
}

/// Waits in paused time, which moves on at once.
async fn pass(time: Duration) {
    // Nothing else moves the time of a paused runtime on.
    sleep(time).await;
}

/// Whether a future is done without a moment of paused time.
async fn at_once<F: Future>(future: F) -> F::Output {
    let began = Instant::now();
    let done = future.await;
    assert_eq!(began.elapsed(), Duration::ZERO);
    done
}

#[test]
fn a_dedicated_batch_begins_when_half_of_its_bytes_wait() {
    trial().paused().run(async |bus, _| {
        let sizes = Notes::<usize>::new();
        let texts = bus.subscribe_any().dedicated().capacity_bytes(20_000).batch(99).linger(HOUR);
        let _guard = texts.with(sizes.clone()).handle(async |sizes: Notes<usize>, events: Batch| {
            sizes.add(events.len());
        });
        for _ in 0..3 {
            bus.stream("desk").emit_dynamic("text", serde_json::json!({ "text": "x".repeat(3_000) })).send();
        }
        settle().await;
        assert!(sizes.all().is_empty());
        for _ in 0..2 {
            bus.stream("desk").emit_dynamic("text", serde_json::json!({ "text": "x".repeat(3_000) })).send();
        }
        settle().await;
        assert!(sizes.all().first().is_some_and(|size| *size > 2), "{:?}", sizes.all());
    });
}

#[test]
fn a_full_batch_begins_at_once_and_the_rest_lingers_on() {
    trial().paused().run(async |bus, _| {
        let (calls, _guard) = lingering(&bus, 3);
        send(&bus, 0..2);
        settle().await;
        assert!(calls.all().is_empty());
        let stats = bus.stats().subscription("lingering").unwrap().clone();
        assert_eq!((stats.running, stats.waiting), (0, 2));
        send(&bus, 2..4);
        settle().await;
        assert_eq!(calls.all(), [[0, 1, 2]]);
        pass(HOUR).await;
        settle().await;
        assert_eq!(calls.all(), [vec![0, 1, 2], vec![3]]);
    });
}

#[test]
fn the_time_counts_from_the_first_event_also_where_that_waited_for_a_call() {
    trial().paused().run(async |bus, _| {
        let calls = Notes::<(u64, usize)>::new();
        let began = Instant::now();
        let slow = bus.subscribe::<Work>().batch(9).linger(HOUR).timeout(None).with((calls.clone(), began));
        let _guard = slow.handle(async |(calls, began), events: Batch<Work>| {
            calls.add((began.elapsed().as_secs() / 60, events.len()));
            pass(Duration::from_mins(45)).await;
        });
        send(&bus, [0]);
        pass(Duration::from_mins(50)).await;
        send(&bus, [1]);
        // The call lasts from minute 60 to 105.
        pass(Duration::from_mins(20)).await;
        send(&bus, [2]);
        pass(Duration::from_mins(50)).await;
        send(&bus, [3]);
        pass(HOUR).await;
        assert_eq!(calls.all(), [(60, 2), (130, 2)]);
        all_done(&bus).await;
    });
}

#[test]
fn an_awaited_event_ends_it_wherever_it_stands_and_one_that_is_waited_for_later_too() {
    trial().paused().run(async |bus, _| {
        let (calls, _guard) = lingering(&bus, 9);
        send(&bus, 0..2);
        settle().await;
        assert_eq!(at_once(bus.stream("desk").emit_work(2_u64)).await.handled(), 1);
        let mut sent = send(&bus, 3..6);
        settle().await;
        assert_eq!(at_once(sent.remove(1).finished()).await.handled(), 1);
        let mut sent = send(&bus, 6..8);
        settle().await;
        assert_eq!(at_once(sent.remove(0).finished()).await.handled(), 1);
        // Awaited before the task of the handler has looked at all.
        let mut sent = send(&bus, 8..10);
        assert_eq!(at_once(sent.remove(1).finished()).await.handled(), 1);
        assert_eq!(calls.all(), [vec![0, 1, 2], vec![3, 4, 5], vec![6, 7], vec![8, 9]]);
        send(&bus, [10]);
        settle().await;
        assert_eq!(calls.all().len(), 4, "nobody waits for this one");
        drop(bus.close(Duration::ZERO));
        settle().await;
    });
}

#[test]
fn an_event_that_was_awaited_during_the_call_before_does_not_linger() {
    trial().paused().run(async |bus, _| {
        let calls = Notes::<usize>::new();
        let slow = bus.subscribe::<Work>().batch(9).linger(HOUR).with(calls.clone());
        let _guard = slow.handle(async |calls: Notes<usize>, events: Batch<Work>| {
            calls.add(events.len());
            pass(Duration::from_secs(9)).await;
        });
        let desk = bus.stream("desk");
        let first = tokio::spawn(desk.emit_work(0_u64));
        settle().await;
        send(&bus, 1..3);
        let last = tokio::spawn(desk.emit_work(3_u64));
        settle().await;
        let began = Instant::now();
        assert_eq!(first.await.unwrap().handled() + last.await.unwrap().handled(), 2);
        assert_eq!((began.elapsed().as_secs(), calls.all()), (18, vec![1, 3]));
        // An event behind them lingers again.
        send(&bus, [4]);
        settle().await;
        assert_eq!(calls.all().len(), 2);
        drop(bus.close(Duration::ZERO));
        settle().await;
    });
}

#[test]
fn an_awaited_emit_from_inside_another_handler_ends_it() {
    trial().paused().run(async |bus, _| {
        let (calls, _guard) = lingering(&bus, 9);
        let _other = bus.subscribe::<Other>().with(bus.stream("desk")).handle(async |desk, event| {
            assert_eq!(desk.emit_work(event.n).await.handled(), 1);
        });
        send(&bus, [0]);
        settle().await;
        assert_eq!(at_once(bus.stream("desk").emit_other(1_u64)).await.handled(), 1);
        assert_eq!(calls.all(), [[0, 1]]);
    });
}

#[test]
fn a_batch_that_lingers_holds_no_permit() {
    trial().paused().with(|bus| bus.max_concurrent_handlers(1)).run(async |bus, _| {
        let (calls, _guard) = lingering(&bus, 9);
        let _other = bus.subscribe::<Other>().handle(async |_| tokio::task::yield_now().await);
        send(&bus, [0]);
        settle().await;
        assert_eq!(at_once(bus.stream("desk").emit_other(0_u64)).await.handled(), 1);
        assert!(calls.all().is_empty());
        pass(HOUR).await;
        settle().await;
        assert_eq!(calls.all(), [[0]]);
    });
}

#[test]
fn it_ends_when_the_bus_is_closed_and_nothing_is_lost() {
    trial().paused().run(async |bus, _| {
        let (calls, _guard) = lingering(&bus, 9);
        send(&bus, 0..3);
        settle().await;
        let report = at_once(bus.close(Duration::from_secs(1))).await;
        assert!(report.is_drained());
        assert_eq!(calls.all(), [[0, 1, 2]]);
    });
}

#[test]
fn a_close_without_time_drops_and_reports_what_lingers() {
    trial().paused().run(async |bus, _| {
        let (calls, _guard) = lingering(&bus, 9);
        let sent = send(&bus, 0..3);
        settle().await;
        let report = bus.close(Duration::ZERO).await;
        assert_eq!((report.left[0].running, report.left[0].waiting), (0, 3));
        for sent in sent {
            assert_eq!(sent.finished().await.problems()[0].outcome(), &Outcome::Dropped);
        }
        assert!(calls.all().is_empty());
    });
}

#[test]
fn a_subscription_that_ends_while_it_lingers_drops_its_events_at_once() {
    trial().paused().run(async |bus, _| {
        let (calls, guard) = lingering(&bus, 9);
        let sent = send(&bus, 0..3);
        settle().await;
        drop(guard);
        for sent in sent {
            assert_eq!(at_once(sent.finished()).await.problems()[0].outcome(), &Outcome::Dropped);
        }
        settle().await;
        assert!(calls.all().is_empty());
        let stats = bus.stats();
        assert!(stats.subscriptions.is_empty(), "its task has gone");
        assert_eq!(stats.ended.dropped, 3);
    });
}

#[test]
fn a_full_queue_that_closes_the_subscription_ends_it() {
    trial().paused().run(async |bus, _| {
        let sizes = Notes::<(usize, usize)>::new();
        let work = bus.subscribe::<Work>().capacity(2).overflow(Overflow::Close);
        let work = work.batch(9).linger(HOUR).with(sizes.clone());
        let _guard = work.handle(async |sizes: Notes<_>, events: Batch<Work>| {
            sizes.add((events.len(), events.items().count()));
        });
        send(&bus, 0..4);
        settle().await;
        assert_eq!(sizes.all(), [(3, 4)]);
        assert!(bus.stats().subscriptions.is_empty());
    });
}

#[test]
fn a_full_queue_ends_it_before_an_event_is_lost() {
    trial().paused().run(async |bus, _| {
        let sizes = Notes::<usize>::new();
        let work = bus.subscribe::<Work>().capacity(2).overflow(Overflow::DropOldest);
        let work = work.batch(9).linger(HOUR).with(sizes.clone());
        let _guard = work.handle(async |sizes: Notes<usize>, events: Batch<Work>| sizes.add(events.len()));
        for n in 0..6 {
            send(&bus, [n]);
            settle().await;
        }
        assert_eq!(sizes.all(), [3, 3]);
    });
}

#[test]
fn bytes_that_are_reached_end_it() {
    trial().paused().run(async |bus, _| {
        let sizes = Notes::<usize>::new();
        let text = bus.subscribe_any().batch(99).max_bytes(9_000).linger(HOUR).with(sizes.clone());
        let _guard = text.handle(async |sizes: Notes<usize>, events: Batch| sizes.add(events.len()));
        let text = || serde_json::json!({ "text": "x".repeat(3_000) });
        for _ in 0..2 {
            bus.stream("desk").emit_dynamic("text", text()).send();
        }
        settle().await;
        assert!(sizes.all().is_empty());
        bus.stream("desk").emit_dynamic("text", text()).send();
        settle().await;
        assert_eq!(sizes.all(), [2]);
        pass(HOUR).await;
        settle().await;
        assert_eq!(sizes.all(), [2, 1]);
    });
}

#[test]
fn the_time_limit_of_a_handler_begins_with_its_call() {
    trial().paused().run(async |bus, _| {
        let calls = Notes::<usize>::new();
        let work = bus.subscribe::<Work>().timeout(Duration::from_secs(1)).batch(9).linger(HOUR);
        let _guard = work.with(calls.clone()).handle(async |calls: Notes<usize>, events: Batch<Work>| {
            calls.add(events.len());
            if events[0].n > 0 {
                std::future::pending::<()>().await;
            }
        });
        let mut sent = send(&bus, [0, 1]);
        pass(HOUR).await;
        assert_eq!(sent.remove(0).finished().await.handled(), 1);
        let sent = send(&bus, [2]).remove(0);
        assert_eq!(sent.finished().await.problems()[0].outcome(), &Outcome::TimedOut);
        assert_eq!(calls.all(), [2, 1]);
    });
}

#[test]
fn nothing_is_lost_while_threads_send_await_and_end_subscriptions() {
    threaded(2).run(async |bus, _| {
        let seen = Notes::<u64>::new();
        let all = bus.subscribe::<Work>().hard_limit(usize::MAX).batch(5).linger(HOUR).with(seen.clone());
        let _guard = all.handle(async |seen: Notes<u64>, events: Batch<Work>| {
            tokio::task::yield_now().await;
            events.iter().for_each(|event| seen.add(event.seq()));
        });
        let tasks = [0_u64, 1, 2].map(|task| {
            let bus = bus.clone();
            tokio::spawn(async move {
                for n in 0..60_u64 {
                    let short = bus.subscribe::<Work>().batch(3).linger(HOUR).handle(async |_| {});
                    bus.stream("desk").emit_work(n).send();
                    drop(short);
                    if (n + task) % 5 == 0 {
                        assert!(bus.stream("desk").emit_work(n).await.handled() >= 1);
                    }
                }
            })
        });
        for task in tasks {
            task.await.unwrap();
        }
        assert!(bus.close(HOUR).await.is_drained());
        let all = seen.all();
        assert_eq!(all, (1..=all.len() as u64).collect::<Vec<_>>());
        assert_eq!(all.len(), 3 * 60 + 3 * 12);
    });
}
