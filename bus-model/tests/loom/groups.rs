//! Handler groups, which a publish claims as a whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bus_core::Event;
use bus_model::Step;
use loom::future::block_on;
use loom::thread::spawn;

use super::{accounts, bus, explore, recorder, send};

#[test]
fn a_group_has_one_order() {
    explore("publish and publish to a group", || {
        let bus = bus();
        let list = [recorder(&bus), recorder(&bus), recorder(&bus)];
        let other = spawn({
            let bus = bus.clone();
            move || drop(send(&bus, 1))
        });
        drop(send(&bus, 2));
        // A fourth arrives while the others may be running.
        let late = recorder(&bus);
        drop(send(&bus, 3));
        other.join().unwrap();
        for seen in list {
            assert_eq!(*seen.lock().unwrap(), [1, 2, 3]);
        }
        assert!(matches!(late.lock().unwrap()[..], [3] | [2, 3]));
        accounts(&bus);
    });
}

#[test]
fn a_member_that_leaves_is_counted() {
    explore("publish to a group and leave it", || {
        let bus = bus();
        let stays = recorder(&bus);
        let seen = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&seen);
        let handler = move |_: &Event<Step>| {
            count.fetch_add(1, Ordering::Relaxed);
        };
        let leaves = bus.subscribe::<Step>().handle_sync(handler);
        let other = spawn({
            let bus = bus.clone();
            move || [send(&bus, 1), send(&bus, 2)].map(drop)
        });
        let before = bus.stats();
        bus_model::check_accounts(&before).unwrap_or_else(|wrong| panic!("{wrong}"));
        drop(leaves);
        other.join().unwrap();
        assert_eq!(*stays.lock().unwrap(), [1, 2]);
        let stats = bus.stats();
        assert_eq!((stats.ended.handled, stats.subscriptions.len()), (seen.load(Ordering::Relaxed), 1));
        assert_eq!(stats.subscriptions[0].counts.handled, 2);
        accounts(&bus);
    });
}

#[test]
fn an_event_for_a_running_group_reaches_all() {
    explore("publish to a running group", || {
        let bus = bus();
        let seen = [recorder(&bus), recorder(&bus)];
        let other = spawn({
            let bus = bus.clone();
            move || (1..3).for_each(|n| drop(send(&bus, n)))
        });
        assert_eq!(block_on(send(&bus, 3).finished()).handled(), 2);
        other.join().unwrap();
        for seen in seen {
            assert_eq!(*seen.lock().unwrap(), [1, 2, 3]);
        }
        accounts(&bus);
    });
}

#[test]
fn a_member_that_leaves_keeps_waiting_events_for_the_others() {
    explore("publish to a running group and leave it", || {
        let bus = bus();
        let seen = [recorder(&bus), recorder(&bus)];
        let leaves = bus.subscribe::<Step>().handle_sync(|_| {});
        let others = [1, 2].map(|n| {
            let bus = bus.clone();
            spawn(move || {
                let receipt = block_on(send(&bus, n).finished());
                assert_eq!(receipt.reached(), receipt.handled() + receipt.problems().len());
            })
        });
        drop(leaves);
        accounts(&bus);
        others.into_iter().for_each(|other| other.join().unwrap());
        for seen in seen {
            assert_eq!(*seen.lock().unwrap(), [1, 2]);
        }
    });
}

#[test]
fn a_member_that_joins_a_running_group_gets_later_events() {
    explore("publish to a running group and join it", || {
        let bus = bus();
        let stays = recorder(&bus);
        let others = [1, 2].map(|n| {
            let bus = bus.clone();
            spawn(move || drop(send(&bus, n)))
        });
        let before = bus.stats().published_total;
        let joins = recorder(&bus);
        others.into_iter().for_each(|other| other.join().unwrap());
        drop(send(&bus, 3));
        assert_eq!(*stays.lock().unwrap(), [1, 2, 3]);
        let joined = joins.lock().unwrap().clone();
        assert!([1, 2, 3].ends_with(&joined) && joined.len() as u64 <= 3 - before, "{joined:?}");
        let handled: Vec<_> = bus.stats().subscriptions.iter().map(|one| one.counts.handled).collect();
        assert_eq!(handled, [3, joined.len() as u64]);
        accounts(&bus);
    });
}

#[test]
fn a_member_that_leaves_a_running_group_is_freed() {
    explore("publish to a group and leave it while it runs", || {
        let bus = bus();
        let stays = recorder(&bus);
        let held = Arc::new(());
        let kept = Arc::clone(&held);
        let leaves = bus.subscribe::<Step>().handle_sync(move |_| drop(Arc::clone(&kept)));
        let other = spawn({
            let bus = bus.clone();
            move || drop(send(&bus, 1))
        });
        drop(leaves);
        other.join().unwrap();
        assert_eq!(*stays.lock().unwrap(), [1]);
        assert_eq!(Arc::strong_count(&held), 1, "the handler is freed");
        assert_eq!(bus.stats().subscriptions.len(), 1);
        accounts(&bus);
    });
}
