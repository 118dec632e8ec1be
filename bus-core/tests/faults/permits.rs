//! A handler that waits for a permit of `max_concurrent_handlers` waits; it does not run.

use std::time::Duration;

use bus_core::{Event, EventBus, Subscription};

use crate::common::{log, settle, trial};
use crate::events::{FaultsEmit, Ping, Pong};

/// Two handlers that never end and take both permits.
fn holders(bus: &EventBus, names: [&'static str; 2]) -> [Subscription; 2] {
    names.map(|name| bus.subscribe::<Ping>().name(name).handle(|_: Event<Ping>| std::future::pending::<()>()))
}

#[test]
fn a_handler_without_a_permit_is_counted_as_waiting() {
    for awaited in [false, true] {
        trial().with(|bus| bus.max_concurrent_handlers(2)).run(async move |bus, stand| {
            stand.at(format!("awaited {awaited}"));
            let _holders = holders(&bus, ["holds one", "holds two"]);
            let _waits = bus.subscribe::<Pong>().name("waits").handle(async |_: Event<Pong>| {});
            drop(bus.stream("agent").emit_ping(1_u64).send());
            settle().await;
            let emit = bus.stream("agent").emit_pong(1_u64);
            let task = if awaited {
                Some(tokio::spawn(emit.into_future()))
            } else {
                drop(emit.send());
                None
            };
            settle().await;
            let stats = bus.stats();
            let counts = |name| stats.subscription(name).map(|entry| (entry.running, entry.waiting)).unwrap();
            assert_eq!((counts("holds one"), counts("holds two")), ((1, 0), (1, 0)));
            assert_eq!(
                counts("waits"),
                (0, 1),
                "(running, waiting) of a handler that has no permit and has not begun"
            );
            assert!(stats.subscription("waits").unwrap().lag > 0, "what waits is behind");
            let report = bus.close(Duration::ZERO).await;
            let left = report.left.iter().find(|left| left.name == "waits").unwrap();
            assert_eq!((left.running, left.waiting), (0, 1), "{report}");
            if let Some(task) = task {
                task.abort();
            }
        });
    }
}

#[test]
fn the_log_names_who_holds_the_permits_and_not_who_waits_for_one() {
    log::collect();
    let slow_after = Duration::from_millis(50);
    trial().with(|bus| bus.max_concurrent_handlers(2).slow_after(slow_after)).run(async |bus, stand| {
        let _holders = holders(&bus, ["takes-permit-1", "takes-permit-2"]);
        let _innocent = bus.subscribe::<Pong>().name("innocent-of-it").handle(async |_: Event<Pong>| {});
        drop(bus.stream("agent").emit_ping(1_u64).send());
        settle().await;
        drop(bus.stream("agent").emit_pong(1_u64).send());
        let limit = || log::lines(&["max_concurrent_handlers", "takes-permit-1"]);
        stand.at("waiting for a line that names `max_concurrent_handlers` and who holds the permits");
        loop {
            let mut blamed = log::lines(&["handler=innocent-of-it", "running for more than"]);
            blamed.retain(|line| !line.contains("max_concurrent_handlers"));
            assert!(blamed.is_empty(), "a handler that has not begun is called slow: {}", blamed[0]);
            if !limit().is_empty() {
                break;
            }
            tokio::task::yield_now().await;
        }
        let line = &limit()[0];
        assert!(line.contains("takes-permit-2"), "both holders are named: {line}");
        assert!(line.contains('2'), "the limit is named: {line}");
        assert_eq!(limit().len(), 1, "one line for all that wait");
    });
}
