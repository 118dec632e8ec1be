//! Faults that the reference model found in the bus, as plain tests: each failed before its repair.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bus_core::{Event, EventBus};
use bus_model::Step;
use tokio::sync::Semaphore;

/// Two events in a handler of concurrency 2, each of which publishes to that same handler and
/// awaits: both new events are queued behind the running ones, so neither could go on before the
/// other.
#[tokio::test]
async fn two_at_once_in_one_handler_do_not_wait_for_each_other() {
    let bus = EventBus::new();
    let (emitter, gate) = (bus.stream("desk"), Arc::new(Semaphore::new(0)));
    let (deferred, held) = (Arc::new(AtomicU32::new(0)), Arc::clone(&gate));
    let deferrals = Arc::clone(&deferred);
    let handler = move |event: Event<Step>| {
        let (emitter, held, deferrals) = (emitter.clone(), Arc::clone(&held), Arc::clone(&deferrals));
        async move {
            if event.hops > 0 {
                held.acquire().await.unwrap().forget();
                let receipt = emitter.emit(Step::new(event.n + 10, 0)).await;
                deferrals.fetch_add(u32::try_from(receipt.deferred()).unwrap(), Ordering::Relaxed);
            }
        }
    };
    bus.subscribe::<Step>().concurrency(2).handle(handler).detach();
    let sent =
        [bus.stream("desk").emit(Step::new(1, 1)).send(), bus.stream("desk").emit(Step::new(2, 1)).send()];
    for _ in 0..2 {
        gate.add_permits(1);
        tokio::task::yield_now().await;
    }
    let report = bus.close(Duration::from_mins(2)).await;
    assert!(report.is_drained(), "{:?}", report.left);
    for sent in sent {
        assert_eq!(sent.finished().await.handled(), 1);
    }
    assert!(deferred.load(Ordering::Relaxed) >= 1, "one of them had to be deferred");
}

/// A deferred delivery blocks no other handler: one that awaits other handlers of the same event
/// still waits for them.
#[tokio::test]
async fn a_deferred_delivery_is_no_reason_to_defer_another() {
    let bus = EventBus::new();
    let emitter = bus.stream("desk");
    let handler = move |event: Event<Step>| {
        let emitter = emitter.clone();
        async move {
            if event.hops > 0 {
                let receipt = emitter.emit(Step::new(event.n + 1, event.hops - 1)).await;
                // The second one's event can only come after one of both. The first one is the last
                // to wait, so it is the one that goes on.
                let wanted = if event.hops == 2 { (0, 1) } else { (1, 0) };
                assert_eq!((receipt.handled(), receipt.deferred()), wanted, "{receipt:?}");
            }
        }
    };
    bus.subscribe::<Step>().concurrency(2).handle(handler).detach();
    let receipt = bus.stream("desk").emit(Step::new(1, 2)).await;
    assert!(receipt.is_ok(), "{receipt:?}");
    assert!(bus.close(Duration::from_mins(2)).await.is_drained());
    assert_eq!(bus.stats().subscriptions[0].counts.handled, 3);
}
