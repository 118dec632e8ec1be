//! A publish ends though others subscribe with a filter all the while.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use bus_core::Subscription;

use crate::common::trial;
use crate::events::{FaultsEmit, Ping};

/// Each filter that is asked has another subscription with a filter made, as a busy server would.
#[test]
fn a_publish_asks_filters_in_few_rounds_though_others_subscribe_meanwhile() {
    const ENDLESS: u64 = 500;
    trial().apart().run(async |bus, _| {
        let rounds = Arc::new(AtomicU64::new(0));
        let guards = Arc::new(Mutex::new(Vec::<Subscription>::new()));
        subscribe(&bus, &rounds, &guards, ENDLESS);
        bus.stream("agent").emit_ping(1_u64).await;
        let asked = rounds.load(Ordering::SeqCst);
        drop(std::mem::take(&mut *guards.lock().unwrap()));
        assert!(
            asked <= 8,
            "one publish went back to ask filters {asked} times, once for each subscription made meanwhile"
        );
    });
}

fn subscribe(
    bus: &bus_core::EventBus,
    rounds: &Arc<AtomicU64>,
    guards: &Arc<Mutex<Vec<Subscription>>>,
    endless: u64,
) {
    let (next, count, kept, once) = (bus.clone(), Arc::clone(rounds), Arc::clone(guards), AtomicU64::new(0));
    let guard = bus
        .subscribe::<Ping>()
        .filter(move |_| {
            let first = once.fetch_add(1, Ordering::SeqCst) == 0;
            if first && count.fetch_add(1, Ordering::SeqCst) < endless {
                subscribe(&next, &count, &kept, endless);
            }
            true
        })
        .handle_sync(|_| {});
    guards.lock().unwrap().push(guard);
}

/// A subscription made while filters are asked gets the event or not, but the next one for sure.
#[test]
fn a_subscription_made_while_filters_are_asked_gets_the_next_event() {
    trial().run(async |bus, _| {
        let rounds = Arc::new(AtomicU64::new(0));
        let guards = Arc::new(Mutex::new(Vec::<Subscription>::new()));
        subscribe(&bus, &rounds, &guards, 5);
        bus.stream("agent").emit_ping(1_u64).await;
        let made = bus.stats().subscriptions.len();
        let receipt = bus.stream("agent").emit_ping(2_u64).await;
        assert!(receipt.handled() >= made, "{made} subscribed, {} handled the next", receipt.handled());
        drop(std::mem::take(&mut *guards.lock().unwrap()));
    });
}
