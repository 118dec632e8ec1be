//! Deliveries between their claim and their handler: who holds them, and what becomes of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bus_core::{Event, EventBus, Overflow};

use crate::common::{Notes, all_done, block_on, settle, threaded, trial};
use crate::events::{FaultsEmit, Ping, Pong};

/// The async handlers of an event that was sent begin after its sync ones, so that a sync one must
/// not wait for them.
#[test]
fn a_blocked_sync_handler_does_not_wait_for_the_async_handlers_of_its_own_event() {
    threaded(2).apart().run(async |bus, stand| {
        let deferred = Notes::<usize>::new();
        let (emitter, noted) = (bus.stream("agent"), deferred.clone());
        let _blocks = bus.subscribe::<Ping>().handle_sync(move |event| {
            if event.n == 1 {
                noted.add(block_on(emitter.emit_ping(2_u64)).deferred());
            }
        });
        let _waits = bus.subscribe::<Ping>().handle(async |_: Event<Ping>| {});
        stand.at("a sync handler blocks on an emit to an async handler that is claimed behind it");
        let sender = bus.clone();
        std::thread::spawn(move || drop(sender.stream("agent").emit_ping(1_u64).send())).join().unwrap();
        all_done(&bus).await;
        assert_eq!(deferred.all(), [2]);
    });
}

/// One among many of its kind: it stays in their index for a while.
#[test]
fn a_handler_that_closed_when_full_takes_no_more_events() {
    trial().run(async |bus, _| {
        let closes = || bus.subscribe_any().capacity(1).overflow(Overflow::Close).name("closes");
        let _closes = closes().handle(|_| std::future::pending::<()>());
        let _others = [0; 3].map(|_| bus.subscribe_any().handle(async |_| {}));
        let reached =
            [1_u64, 2, 3, 4, 5].map(|n| bus.stream("agent").emit_ping(n).send().receipt().reached());
        assert_eq!(reached, [4, 4, 4, 3, 3], "one at work, one queued, one too many");
        assert_eq!(bus.stats().subscription("closes").unwrap().counts.matched, 3);
    });
}

/// A filter that adds a handler whenever it is asked, so that handlers are added faster than their
/// filters can be asked before the step: the last one's is asked when its event is taken up.
fn add_late(bus: &EventBus, is_sync: bool, added: &Arc<AtomicU64>, ends_itself: bool) {
    let n = added.fetch_add(1, Ordering::Relaxed);
    if n > 20 {
        return;
    }
    let (inner, count) = (bus.clone(), Arc::clone(added));
    let name = format!("late {n}");
    let subscribe = bus.subscribe::<Pong>().name(name.clone()).filter(move |_| {
        add_late(&inner, is_sync, &count, ends_itself);
        let own = inner.stats().subscription(&name).map(|own| own.id);
        if ends_itself {
            own.into_iter().for_each(|own| assert!(inner.unsubscribe(own)));
        }
        false
    });
    if is_sync {
        subscribe.handle_sync(|_| {}).detach();
    } else {
        subscribe.handle(async |_| {}).detach();
    }
}

#[test]
fn a_handler_that_ends_in_its_late_filter_leaves_nothing() {
    for is_sync in [true, false] {
        for ends_itself in [true, false] {
            trial().run(async move |bus, stand| {
                stand.at(format!("sync {is_sync}, ends itself {ends_itself}"));
                let added = Arc::default();
                add_late(&bus, is_sync, &added, ends_itself);
                let receipt = bus.stream("agent").emit_pong(1_u64).await;
                let ended = receipt.handled() + receipt.problems().len() + receipt.deferred();
                assert_eq!(receipt.reached(), ended, "{receipt:?}");
                settle().await;
                let stats = bus.stats();
                let left = stats.subscriptions.iter().filter(|one| one.counts.matched > 0).count();
                assert_eq!((left, stats.ended.matched), (0, 0), "{stats:?}");
            });
        }
    }
}
