//! The parts of a subscription are dropped one by one: two parts that panic then do not abort the
//! process.
//!
//! A closure that owns two such values aborts it by itself, without any bus.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bus_core::{Event, EventBus, Overflow, Subscription};

use crate::common::{ON_PURPOSE, settle, trial};
use crate::events::{FaultsEmit, Ping};

/// Panics when it is dropped, and counts that.
struct Bomb(Arc<AtomicUsize>);

impl Drop for Bomb {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
        panic!("drop {ON_PURPOSE}");
    }
}

impl Bomb {
    fn touch(&self) {
        let _ = self.0.load(Ordering::SeqCst);
    }
}

/// Makes bombs and counts those that went off.
#[derive(Clone, Default)]
struct Bombs(Arc<AtomicUsize>, Arc<AtomicUsize>);

impl Bombs {
    fn make(&self) -> Bomb {
        self.0.fetch_add(1, Ordering::SeqCst);
        Bomb(Arc::clone(&self.1))
    }

    #[track_caller]
    fn assert_all_dropped(&self, what: &str) {
        let (made, dropped) = (self.0.load(Ordering::SeqCst), self.1.load(Ordering::SeqCst));
        assert_eq!(made, dropped, "{what}: {made} values were captured and {dropped} of them dropped");
    }
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    HandlerAndFilter,
    TwoFilters,
    FiltersAndLag,
    Async,
    AsyncAtOnce,
}

const KINDS: [Kind; 5] =
    [Kind::HandlerAndFilter, Kind::TwoFilters, Kind::FiltersAndLag, Kind::Async, Kind::AsyncAtOnce];

fn subscribe(bus: &EventBus, kind: Kind, bombs: &Bombs) -> Subscription {
    let filter = || {
        let bomb = bombs.make();
        move |_: &Event<Ping>| {
            bomb.touch();
            true
        }
    };
    // Each is made where it is given away: two that one scope drops would abort the process.
    let lag = || {
        let bomb = bombs.make();
        move |_: bus_core::Lagged| bomb.touch()
    };
    let handler = || {
        let bomb = bombs.make();
        move |_: &Event<Ping>| bomb.touch()
    };
    let subscribe = bus.subscribe::<Ping>().name("bombs").capacity(2).filter(filter());
    match kind {
        Kind::HandlerAndFilter => subscribe.handle_sync(handler()),
        Kind::TwoFilters => subscribe.filter(filter()).handle_sync(|_| {}),
        Kind::FiltersAndLag => {
            subscribe.filter(filter()).filter(filter()).on_lag(lag()).handle_sync(handler())
        }
        Kind::Async | Kind::AsyncAtOnce => {
            let at_once = if matches!(kind, Kind::Async) { 1 } else { 3 };
            let handler = handler();
            subscribe.on_lag(lag()).concurrency(at_once).handle(move |event| {
                handler(&event);
                async {}
            })
        }
    }
}

#[test]
fn a_guard_whose_handler_and_filters_panic_when_dropped_ends_its_subscription() {
    for kind in KINDS {
        trial().apart().run(async move |bus, stand| {
            stand.at(format!("{kind:?}"));
            let bombs = Bombs::default();
            let guard = subscribe(&bus, kind, &bombs);
            bus.stream("agent").emit_ping(1_u64).await;
            drop(guard);
            settle().await;
            bombs.assert_all_dropped(&format!("{kind:?}"));
            assert_eq!(bus.stream("agent").emit_ping(2_u64).await.reached(), 0);
        });
    }
}

#[test]
fn other_ways_to_end_such_a_subscription_do_not_abort_either() {
    for way in 0..4 {
        trial().apart().run(async move |bus, stand| {
            for kind in KINDS {
                stand.at(format!("way {way}, {kind:?}"));
                let (bombs, own) = (Bombs::default(), EventBus::new());
                match way {
                    0 => assert!(own.unsubscribe(subscribe(&own, kind, &bombs).detach())),
                    1 => drop(subscribe(&own, kind, &bombs).detach()),
                    2 => {
                        let guard = subscribe(&own, kind, &bombs);
                        own.close(Duration::ZERO).await;
                        drop(guard);
                    }
                    _ => {
                        let inner = Arc::new(Mutex::new(Some(subscribe(&own, kind, &bombs))));
                        let _ends =
                            own.subscribe::<Ping>().handle_sync(move |_| drop(inner.lock().unwrap().take()));
                        own.stream("agent").emit_ping(1_u64).await;
                    }
                }
                drop(own);
                settle().await;
                bombs.assert_all_dropped(&format!("way {way}, {kind:?}"));
            }
            assert!(bus.stream("agent").emit_ping(1_u64).await.is_ok());
        });
    }
}

#[test]
fn a_subscription_that_is_refused_drops_its_parts_one_by_one() {
    trial().apart().run(async |bus, _| {
        let bombs = Bombs::default();
        bus.close(Duration::ZERO).await;
        let (filter, second, handler) = (bombs.make(), bombs.make(), bombs.make());
        let refused = bus
            .subscribe::<Ping>()
            .filter(move |_| {
                filter.touch();
                true
            })
            .filter(move |_| {
                second.touch();
                true
            })
            .try_handle_sync(move |_| handler.touch());
        assert!(refused.is_err());
        bombs.assert_all_dropped("a subscription to a closed bus");
    });
}

/// They are of one handler group, which is at work when all of them end.
#[test]
fn handlers_that_end_while_they_work_are_dropped_one_by_one() {
    for overflow in [Overflow::Wait, Overflow::DropOldest] {
        trial().apart().run(async move |bus, _| {
            let (bombs, guards) = (Bombs::default(), Arc::new(Mutex::new(Vec::<Subscription>::new())));
            for n in 0..5 {
                let (bomb, ends) = (bombs.make(), Arc::clone(&guards));
                let guard = bus.subscribe::<Ping>().overflow(overflow).handle_sync(move |_| {
                    bomb.touch();
                    if n == 2 {
                        let ended = std::mem::take(&mut *ends.lock().unwrap());
                        ended.into_iter().for_each(drop);
                    }
                });
                guards.lock().unwrap().push(guard);
            }
            let receipt = bus.stream("agent").emit_ping(1_u64).await;
            assert_eq!(receipt.reached(), 5, "{receipt:?}");
            assert_eq!(bus.stream("agent").emit_ping(2_u64).await.reached(), 0);
            bombs.assert_all_dropped("five handlers that ended while they worked");
            assert!(bus.stats().subscriptions.is_empty());
        });
    }
}
