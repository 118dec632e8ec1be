//! Permits where a sync handler blocks its thread above an async one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bus_core::{Event, EventBus};
use bus_model::{Alarm, Gauge, Step, Token};
use loom::future::block_on;

use super::{accounts, bus, explore};

/// A step is handled by an async handler, which sends an alarm to a sync one, which blocks until an
/// async handler has handled a token.
fn chain(bus: &EventBus) -> [bus_core::Subscription; 3] {
    let (first, second) = (bus.stream("desk"), bus.stream("desk"));
    [
        bus.subscribe::<Step>().handle(move |event: Event<Step>| {
            drop(first.emit(Alarm::new(event.n, 0)).send());
            std::future::ready(())
        }),
        bus.subscribe::<Alarm>().handle_sync(move |event| {
            let receipt = block_on(second.emit(Token::new(event.n, 0)).send().finished());
            assert_eq!(receipt.handled(), 1);
        }),
        bus.subscribe::<Token>().handle(|_| std::future::ready(())),
    ]
}

#[test]
fn a_blocked_thread_gives_the_permits_below_it_back() {
    explore("an async handler below a blocked thread", || {
        let bus = bus();
        let guards = chain(&bus);
        let receipt = block_on(bus.stream("desk").emit(Step::new(1, 0)));
        assert_eq!(receipt.handled(), 1);
        accounts(&bus);
        drop(guards);
    });
}

#[test]
fn a_permit_that_was_given_back_is_taken_as_a_debt() {
    explore("one permit after a debt", || {
        let bus = bus();
        let guards = chain(&bus);
        assert_eq!(block_on(bus.stream("desk").emit(Step::new(1, 0))).handled(), 1);
        let (now, most) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let handlers = [0; 2].map(|_| {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            bus.subscribe::<Gauge>().handle(move |_| {
                let (now, most) = (Arc::clone(&now), Arc::clone(&most));
                async move {
                    most.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                    loom::thread::yield_now();
                    now.fetch_sub(1, Ordering::Relaxed);
                }
            })
        });
        let receipt = block_on(bus.stream("desk").emit(Gauge::new(2, 0, 0)).send().finished());
        assert_eq!(receipt.handled(), 2);
        assert_eq!(most.load(Ordering::Relaxed), 1, "there is one permit");
        accounts(&bus);
        drop((guards, handlers));
    });
}
