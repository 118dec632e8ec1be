//! A chain of events ends at the chain limit and uses little stack, wherever the publishing
//! callback is called from: a filter, the lag callback, a waker.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use bus_core::{EventBus, EventsAndGaps, Overflow};

use crate::common::trial;
use crate::events::{Calls, FaultsEmit, Ping};

/// The first event, as many as the chain limit, and one in doubt.
pub(crate) const CHAIN: u64 = 66;

#[track_caller]
fn assert_ended(bus: &EventBus, what: &str) {
    let stats = bus.stats();
    assert!(
        stats.published_total <= CHAIN,
        "{what}: one event caused {} more in a chain; the limit is 64",
        stats.published_total - 1
    );
    assert!(stats.refused > 0, "{what}: nothing refused the end of the chain");
}

#[test]
fn a_filter_that_publishes_its_own_kind_ends_at_the_chain_limit() {
    for named in [false, true] {
        trial().apart().run(async move |bus, _| {
            let (calls, agent) = (Calls::default(), bus.stream("agent"));
            let inner = calls.clone();
            let filter = move |n| {
                inner.call(|| drop(agent.emit_ping(n + 1_u64).send()));
                true
            };
            let _guard = if named {
                bus.subscribe_any().kinds(["ping"]).filter(move |_| filter(0)).handle_sync(|_| {})
            } else {
                bus.subscribe::<Ping>().filter(move |event| filter(event.n)).handle_sync(|_| {})
            };
            let receipt = bus.stream("agent").emit_ping(0_u64).await;
            assert!(receipt.refused().is_none(), "the first event was refused: {receipt:?}");
            calls.assert_at_most(2 * CHAIN, "a filter that publishes its own kind");
            calls.assert_not_nested("a filter that publishes its own kind");
            assert_ended(&bus, "a filter that publishes its own kind");
        });
    }
}

#[test]
fn a_lag_callback_that_causes_the_next_lag_ends_at_the_chain_limit() {
    trial().apart().run(async |bus, _| {
        let (calls, agent) = (Calls::default(), bus.stream("agent"));
        let (inner, handled) = (calls.clone(), bus.stream("agent"));
        let three = |n: u64| n + 1..n + 4;
        let _guard = bus
            .subscribe::<Ping>()
            .capacity(1)
            .overflow(Overflow::DropOldest)
            .on_lag(move |_| inner.call(|| three(9).for_each(|n| drop(agent.emit_ping(n).send()))))
            .handle_sync(move |event| {
                if event.n == 0 {
                    three(0).for_each(|n| drop(handled.emit_ping(n).send()));
                }
            });
        assert!(bus.stream("agent").emit_ping(0_u64).await.refused().is_none());
        crate::events::wait_until_idle(&bus);
        calls.assert_at_most(CHAIN, "a lag callback that causes the next lag");
        calls.assert_not_nested("a lag callback that causes the next lag");
        assert!(bus.stats().refused > 0, "nothing refused the end of the chain");
    });
}

/// A waker that reads its stream to the end, as an executor without a queue does, and publishes.
struct Reading {
    bus: EventBus,
    calls: Calls,
    stream: Mutex<Option<EventsAndGaps<Ping>>>,
}

impl Wake for Reading {
    fn wake(self: Arc<Self>) {
        self.calls.clone().call(|| {
            self.read();
            drop(self.bus.stream("agent").emit_ping(0_u64).send());
        });
    }
}

impl Reading {
    fn read(self: &Arc<Self>) {
        let waker = Waker::from(Arc::clone(self));
        let mut stream = self.stream.lock().unwrap();
        if let Some(stream) = stream.as_mut() {
            while let Poll::Ready(Some(_)) = pin!(stream.recv()).poll(&mut Context::from_waker(&waker)) {}
        }
    }
}

#[test]
fn a_waker_that_publishes_ends_at_the_chain_limit() {
    trial().apart().run(async |bus, _| {
        let calls = Calls::default();
        let stream = Mutex::new(Some(bus.subscribe::<Ping>().into_stream().with_gaps()));
        let reading = Arc::new(Reading { bus: bus.clone(), calls: calls.clone(), stream });
        reading.read();
        drop(bus.stream("agent").emit_ping(0_u64).send());
        calls.assert_at_most(CHAIN, "a waker that publishes what wakes it again");
        calls.assert_not_nested("a waker that publishes what wakes it again");
        assert_ended(&bus, "a waker that publishes what wakes it again");
        *reading.stream.lock().unwrap() = None;
    });
}

/// An event published by a lag callback has a cause, so that its chain can end.
#[test]
fn what_a_lag_callback_publishes_names_the_event_that_caused_it() {
    trial().run(async |bus, _| {
        let (lagged, inner) = (bus.stream("agent"), bus.stream("agent"));
        let _guard = bus
            .subscribe::<Ping>()
            .capacity(1)
            .overflow(Overflow::DropOldest)
            .on_lag(move |_| drop(lagged.emit_pang(9_u64).send()))
            .handle_sync(move |event| {
                if event.n == 0 {
                    (1..4).for_each(|n| drop(inner.emit_ping(n).send()));
                }
            });
        bus.stream("agent").emit_ping(0_u64).await;
        let published = bus.history().kinds(["pang"]).collect();
        assert_eq!(published.len(), 1);
        assert!(published[0].causation().is_some(), "published in a callback and without a cause");
    });
}
