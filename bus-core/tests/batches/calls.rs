//! The events that one call gets.

use std::sync::mpsc;
use std::time::Duration;

use bus_core::{Batch, Outcome, SubscribeError};

use crate::common::{Notes, all_done, settle, threaded, trial, wait_until_idle};
use crate::{LoadEmit, Other, Work, gated, numbers, outcomes};

#[test]
fn a_call_gets_what_waits_in_order_at_most_n_and_never_none() {
    trial().run(async |bus, _| {
        let calls = Notes::<Vec<u64>>::new();
        let all = bus.subscribe::<Work>().batch(3).with(calls.clone());
        let _guard = all.handle(async |calls: Notes<Vec<u64>>, events| calls.add(numbers(&events)));
        for n in 0..7_u64 {
            bus.stream("desk").emit_work(n).send();
        }
        all_done(&bus).await;
        assert_eq!(calls.all(), [vec![0, 1, 2], vec![3, 4, 5], vec![6]]);
    });
}

#[test]
fn the_next_batch_gathers_while_a_call_runs_and_one_call_is_one_permit() {
    trial().with(|bus| bus.max_concurrent_handlers(1)).run(async |bus, _| {
        let (calls, gate) = gated(&bus, 100);
        let desk = bus.stream("desk");
        let first = tokio::spawn(desk.emit_work(0_u64));
        settle().await;
        let rest: Vec<_> = (1..5_u64).map(|n| tokio::spawn(desk.emit_work(n))).collect();
        settle().await;
        let stats = bus.stats().subscription("gated").unwrap().clone();
        assert_eq!((stats.running, stats.waiting), (1, 4));
        gate.add_permits(1);
        assert_eq!(first.await.unwrap().handled(), 1);
        settle().await;
        assert_eq!(calls.all(), [vec![0], vec![1, 2, 3, 4]]);
        let stats = bus.stats().subscription("gated").unwrap().clone();
        assert_eq!((stats.running, stats.waiting, stats.counts.handled), (4, 0, 1));
        assert!(rest.iter().all(|emit| !emit.is_finished()), "done before the call that has its event");
        gate.add_permits(1);
        for emit in rest {
            assert_eq!(emit.await.unwrap().handled(), 1);
        }
    });
}

#[test]
fn a_sync_batch_handler_gets_one_event_in_place_and_what_waited_in_one_call() {
    threaded(2).run(async |bus, _| {
        let (calls, (entered, began), (open, gate)) =
            (Notes::<Vec<u64>>::new(), mpsc::channel(), mpsc::channel::<()>());
        let notes = calls.clone();
        let _guard = bus.subscribe::<Work>().batch(10).handle_sync(move |events: &Batch<Work>| {
            notes.add(numbers(events));
            if events[0].n == 0 {
                entered.send(()).unwrap();
                gate.recv().unwrap();
            }
        });
        let other = bus.clone();
        let first = std::thread::spawn(move || other.stream("desk").emit_work(0_u64).send());
        began.recv().unwrap();
        let sent: Vec<_> = (1..4_u64).map(|n| bus.stream("desk").emit_work(n).send()).collect();
        open.send(()).unwrap();
        assert_eq!(first.join().unwrap().receipt().handled(), 1);
        for sent in sent {
            assert_eq!(sent.finished().await.handled(), 1);
        }
        bus.stream("desk").emit_work(4_u64).send();
        assert_eq!(calls.all(), [vec![0], vec![1, 2, 3], vec![4]]);
    });
}

#[test]
fn max_bytes_bounds_a_batch_but_for_its_first_event() {
    trial().run(async |bus, _| {
        let calls = Notes::<Vec<u64>>::new();
        let one = bus.subscribe::<Work>().batch(10).max_bytes(1).with(calls.clone());
        let _guard = one.handle(async |calls: Notes<Vec<u64>>, events| calls.add(numbers(&events)));
        let sizes = Notes::<usize>::new();
        let text = bus.subscribe_any().kinds(["text"]).batch(10).max_bytes(9_000).with(sizes.clone());
        let _sizes = text.handle(async |sizes, events| sizes.add(events.len()));
        for n in 0..3_u64 {
            bus.stream("desk").emit_work(n).send();
        }
        for length in [3_000, 3_000, 3_000, 20_000, 10, 10] {
            let data = serde_json::json!({ "text": "x".repeat(length) });
            bus.stream("desk").emit_dynamic("text", data).send();
        }
        all_done(&bus).await;
        assert_eq!(calls.all(), [[0], [1], [2]]);
        assert_eq!(sizes.all(), [2, 1, 1, 2]);
    });
}

#[test]
fn publishers_on_several_threads_reach_a_batch_handler_in_order_and_once() {
    for sync in [false, true] {
        threaded(2).run(async move |bus, _| {
            let seen = Notes::<u64>::new();
            let (async_seen, sync_seen) = (seen.clone(), seen.clone());
            let all = bus.subscribe_any().hard_limit(usize::MAX).batch(7);
            let _guard = if sync {
                all.handle_sync(move |events| events.iter().for_each(|event| sync_seen.add(event.seq())))
            } else {
                all.with(async_seen).handle(async |seen, events| {
                    tokio::task::yield_now().await;
                    events.iter().for_each(|event| seen.add(event.seq()));
                })
            };
            let threads = [0, 1, 2].map(|_| {
                let bus = bus.clone();
                std::thread::spawn(move || {
                    for n in 0..300_u64 {
                        bus.stream("desk").emit_work(n).send();
                    }
                })
            });
            for thread in threads {
                thread.join().unwrap();
            }
            wait_until_idle(&bus);
            assert_eq!(seen.all(), (1..=900).collect::<Vec<_>>());
        });
    }
}

#[test]
fn an_event_has_the_subscription_it_came_through_and_a_set_may_have_several_kinds() {
    trial().run(async |bus, _| {
        let kinds = Notes::<String>::new();
        let both = bus.subscribe::<(Work, Other)>().batch(4).with(kinds.clone());
        let _guard = both.handle(async |kinds, events: Batch<(Work, Other)>| {
            for event in events {
                assert!(event.subscription().is_some());
                kinds.add(event.kind());
            }
        });
        bus.stream("desk").emit_work(1_u64).send();
        bus.stream("desk").emit_other(2_u64).send();
        all_done(&bus).await;
        assert_eq!(kinds.all(), ["work", "other"]);
    });
}

#[test]
fn an_emit_is_caused_by_the_last_event_of_the_batch() {
    trial().run(async |bus, _| {
        let desk = bus.stream("audit");
        let _guard = bus.subscribe::<Work>().batch(4).with(desk).handle(async |desk, events| {
            tokio::task::yield_now().await;
            desk.emit_other(events.len() as u64).send();
        });
        assert_eq!(outcomes(&bus).await, [(); 4].map(|()| Outcome::Handled));
        let history = bus.history().oldest_first().collect();
        let last = history.iter().rfind(|event| event.kind() == "work").unwrap();
        let other = history.iter().find(|event| event.kind() == "other").unwrap();
        assert_eq!(other.causation(), Some(last.id()));
    });
}

#[test]
fn an_awaited_emit_of_the_same_kind_inside_a_batch_handler_is_deferred() {
    trial().run(async |bus, _| {
        let calls = Notes::<Vec<u64>>::new();
        let state = (calls.clone(), bus.stream("desk"));
        let chain = bus.subscribe::<Work>().batch(4).with(state);
        let _guard = chain.handle(async |(calls, desk), events| {
            calls.add(numbers(&events));
            if events[0].n == 0 {
                let receipt = desk.emit_work(9_u64).await;
                assert_eq!(receipt.deferred(), 1);
            }
        });
        assert_eq!(outcomes(&bus).await, [(); 4].map(|()| Outcome::Handled));
        all_done(&bus).await;
        assert_eq!(calls.all(), [vec![0, 1, 2, 3], vec![9]]);
    });
}

#[test]
fn a_batch_handler_that_waits_for_an_event_defers_all_its_events() {
    trial().run(async |bus, _| {
        let _guard = bus.subscribe::<Work>().batch(4).with(bus.clone()).handle(async |bus, _| {
            bus.wait_for::<Other>().await.unwrap();
        });
        let sent: Vec<_> = (0..3_u64).map(|n| bus.stream("desk").emit_work(n).send()).collect();
        settle().await;
        for sent in sent {
            // A handler that waits for one of them could be the one that emits `Other`.
            assert_eq!(sent.finished().await.deferred(), 1);
        }
        bus.stream("desk").emit_other(0_u64).send();
        all_done(&bus).await;
    });
}

#[test]
fn a_wrong_combination_says_what_to_drop() {
    trial().run(async |bus, _| {
        let none = bus.subscribe::<Work>().batch(0).try_handle(async |_| {});
        assert_eq!(none.unwrap_err(), SubscribeError::ZeroBatch);
        let many = bus.subscribe::<Work>().concurrency(2).batch(3).try_handle(async |_| {});
        assert_eq!(many.unwrap_err(), SubscribeError::BatchConcurrency);
        let lingers = bus.subscribe::<Work>().batch(3).linger(Duration::from_secs(1));
        let error = lingers.try_handle_sync(|_| {}).unwrap_err();
        assert_eq!(error, SubscribeError::SyncLinger);
        assert!(error.to_string().contains("drop `.linger(d)`"));
        let bare = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let lingers = bus.subscribe::<Work>().batch(3).linger(Duration::from_secs(1));
        let subscribed = {
            let _inside = bare.enter();
            lingers.try_handle(async |_| {})
        };
        assert_eq!(subscribed.unwrap_err(), SubscribeError::NoTimers);
        bare.shutdown_background();
    });
}
