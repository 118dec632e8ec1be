//! A subscription that begins to lose events is named in the log, whether or not it goes on.

use std::sync::Arc;
use std::time::Duration;

use bus_core::{Event, EventBus, Overflow, Subscription};
use tokio::sync::Semaphore;

use crate::common::{log, settle, trial};
use crate::events::{FaultsEmit, Ping, Pong};

fn hung(bus: &EventBus, name: &'static str, overflow: Overflow) -> Subscription {
    let subscribe = bus.subscribe::<Ping>().name(name).capacity(8).hard_limit(8).overflow(overflow);
    subscribe.handle(|_: Event<Ping>| std::future::pending::<()>())
}

#[test]
fn a_hung_handler_that_loses_events_is_named_while_it_hangs() {
    log::collect();
    for (name, overflow) in [
        ("hung-and-waits", Overflow::Wait),
        ("hung-and-drops-oldest", Overflow::DropOldest),
        ("hung-and-drops-newest", Overflow::DropNewest),
    ] {
        trial().run(async move |bus, _| {
            let _guard = hung(&bus, name, overflow);
            let _other = bus.subscribe::<Pong>().name("loses-nothing").handle(async |_: Event<Pong>| {});
            for n in 0..1_000 {
                drop(bus.stream("agent").emit_ping(n).send());
            }
            settle().await;
            let lost = bus.stats().subscription(name).unwrap().counts.overflowed;
            let lines = log::lines(&["WARN", name, "loss.rs"]);
            assert!(!lines.is_empty(), "{name} lost {lost} of 1,000 events, and the log is silent");
            assert!(lines.len() <= 3, "{name}: one line when it begins, not {} lines", lines.len());
            assert!(log::lines(&["loses-nothing"]).is_empty());
        });
    }
}

#[test]
fn each_subscription_that_loses_events_is_named() {
    log::collect();
    trial().run(async |bus, _| {
        let names = ["loses-first", "loses-second", "loses-third"];
        let _guards = names.map(|name| hung(&bus, name, Overflow::DropOldest));
        for n in 0..100 {
            drop(bus.stream("agent").emit_ping(n).send());
        }
        settle().await;
        let unnamed: Vec<_> =
            names.into_iter().filter(|name| log::lines(&["WARN", name]).is_empty()).collect();
        assert!(unnamed.is_empty(), "these lost events, and the log does not name them: {unnamed:?}");
    });
}

/// The line that begins a loss comes with the first lost event, and the end of the loss has counts.
#[test]
fn a_slow_handler_that_loses_events_is_named_with_how_many() {
    log::collect();
    trial().run(async |bus, _| {
        let gate = Arc::new(Semaphore::new(0));
        let permits = Arc::clone(&gate);
        let _guard =
            bus.subscribe::<Ping>().name("slow-and-loses").capacity(8).overflow(Overflow::DropOldest).handle(
                move |_: Event<Ping>| {
                    let gate = Arc::clone(&permits);
                    async move { gate.acquire().await.unwrap().forget() }
                },
            );
        for n in 0..10 {
            drop(bus.stream("agent").emit_ping(n).send());
        }
        settle().await;
        let lost = bus.stats().subscription("slow-and-loses").unwrap().counts.overflowed;
        assert_eq!(lost, 1);
        let lines = log::lines(&["WARN", "slow-and-loses"]);
        assert_eq!(lines.len(), 1, "one event was lost, and the log has {} lines of it", lines.len());
        for n in 10..1_000 {
            drop(bus.stream("agent").emit_ping(n).send());
        }
        gate.add_permits(2_000);
        settle().await;
        assert!(bus.close(Duration::from_hours(1)).await.is_drained());
        let lost = bus.stats().subscription("slow-and-loses").map(|entry| entry.counts.overflowed);
        let lines = log::lines(&["WARN", "slow-and-loses"]);
        assert!(lines.iter().any(|line| line.contains("991")), "{lost:?} events were lost: {lines:?}");
    });
}
