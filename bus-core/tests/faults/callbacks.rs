//! A `tracing` subscriber that forwards what the bus logs to the bus itself: nothing goes round.

use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use bus_core::{BoxError, EventBus};
use serde_json::json;

use crate::common::log::Each;
use crate::common::{all_done, trial};
use crate::events::{Calls, FaultsEmit, Ping};

type Forwarder = Arc<dyn Fn() + Send + Sync>;

static FORWARDER: Mutex<Option<Forwarder>> = Mutex::new(None);

/// Forwards each line of the bus to the bus, in this process: a child.
fn forward(bus: &EventBus) -> Calls {
    static ONCE: Once = Once::new();
    let (calls, agent) = (Calls::default(), bus.stream("log"));
    let inner = calls.clone();
    let forwarder: Forwarder = Arc::new(move || {
        inner.call(|| drop(agent.emit_dynamic("log_line", json!({})).send()));
    });
    *FORWARDER.lock().unwrap() = Some(forwarder);
    let each = Each(|_: &tracing::Event<'_>| {
        let forwarder = FORWARDER.lock().unwrap().clone();
        if let Some(forward) = forwarder {
            forward();
        }
    });
    ONCE.call_once(|| tracing::subscriber::set_global_default(each).unwrap());
    calls
}

#[test]
fn a_failing_handler_of_everything_does_not_handle_its_own_failures_without_end() {
    trial().apart().run(async |bus, _| {
        let _guard = bus.subscribe_any().handle_sync(|_| Err::<(), BoxError>("no".into()));
        let calls = forward(&bus);
        drop(bus.stream("agent").emit_ping(0_u64).send());
        all_done(&bus).await;
        calls.assert_at_most(66, "a failure, logged and forwarded to the handler that failed");
        calls.assert_not_nested("a failure, logged and forwarded to the handler that failed");
    });
}

#[test]
fn a_failing_async_handler_of_everything_does_not_handle_its_own_failures_without_end() {
    for awaited in [false, true] {
        trial().apart().run(async move |bus, _| {
            let _guard = bus.subscribe_any().handle(async |_| {
                tokio::task::yield_now().await;
                Err::<(), BoxError>("no".into())
            });
            let calls = forward(&bus);
            let emit = bus.stream("agent").emit_ping(0_u64);
            if awaited {
                emit.await;
            } else {
                drop(emit.send());
            }
            all_done(&bus).await;
            calls.assert_at_most(66, "a failure, logged and forwarded to the async handler that failed");
            calls.assert_not_nested("a failure, logged and forwarded to the async handler that failed");
        });
    }
}

/// The line that reports a refusal is refused too, and this second refusal is not logged.
#[test]
fn a_refusal_is_logged_once_though_its_line_is_refused_too() {
    trial().apart().run(async |bus, _| {
        let inner = bus.stream("agent");
        let _guard = bus.subscribe::<Ping>().handle_sync(move |_| drop(inner.emit_ping(0_u64).send()));
        let calls = forward(&bus);
        drop(bus.stream("agent").emit_ping(0_u64).send());
        crate::events::wait_until_idle(&bus);
        assert!(calls.count() > 0, "the refusal of a chain that is too long was not logged");
        calls.assert_at_most(3, "one refusal of a chain that is too long");
    });
}

#[test]
fn a_refusal_of_a_closed_bus_is_logged_once_though_its_line_is_refused_too() {
    trial().apart().run(async |bus, _| {
        let calls = forward(&bus);
        assert!(bus.close(Duration::ZERO).await.is_drained());
        assert!(bus.stream("agent").emit_ping(0_u64).await.refused().is_some());
        calls.assert_at_most(3, "one refusal by a closed bus");
    });
}

/// Each failure is still logged when a forwarder is there: only what the log itself causes is not.
#[test]
fn a_forwarder_gets_each_failure_that_it_did_not_cause() {
    trial().apart().run(async |bus, _| {
        let _guard = bus.subscribe::<Ping>().handle_sync(|_| Err::<(), BoxError>("no".into()));
        let calls = forward(&bus);
        for n in 0..10 {
            drop(bus.stream("agent").emit_ping(n).send());
        }
        assert_eq!(calls.count(), 10, "each of ten failures is one line");
        assert_eq!(bus.stats().published["log_line"], 10, "and each line reached the bus");
    });
}
