//! A chain of events ends at the chain limit where a payload publishes: when it is dropped, when
//! its size is measured, when its fields are compared.

use std::fmt;
use std::sync::Arc;

use bus_core::{AgentEvent, EventBus, Overflow};

use crate::chains::CHAIN;
use crate::common::trial;
use crate::events::{Calls, FaultsEmit};

/// The action of a user's type when the bus drops it or writes it as JSON.
struct Acts {
    bus: EventBus,
    calls: Calls,
    on_drop: bool,
    /// Publishes the next one.
    send: fn(&EventBus, Action),
}

impl Acts {
    fn again(&self) -> Action {
        let (bus, calls) = (self.bus.clone(), self.calls.clone());
        Action(Some(Arc::new(Self { bus, calls, on_drop: self.on_drop, send: self.send })))
    }

    fn publish(&self) {
        self.calls.call(|| (self.send)(&self.bus, self.again()));
    }
}

/// The first of a chain, and the count of its calls.
fn action(bus: &EventBus, on_drop: bool, send: fn(&EventBus, Action)) -> (Action, Calls) {
    let calls = Calls::default();
    let acts = Acts { bus: bus.clone(), calls: calls.clone(), on_drop, send };
    (Action(Some(Arc::new(acts))), calls)
}

fn send_gone(bus: &EventBus, acts: Action) {
    drop(bus.stream("agent").emit_gone(acts).send());
}

fn send_keyed(bus: &EventBus, acts: Action) {
    drop(bus.stream("agent").emit_keyed(acts).send());
}

impl fmt::Debug for Acts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Acts")
    }
}

impl Drop for Acts {
    fn drop(&mut self) {
        if self.on_drop {
            self.publish();
        }
    }
}

#[derive(Clone, Debug)]
struct Action(Option<Arc<Acts>>);

impl serde::Serialize for Action {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(acts) = self.0.as_ref().filter(|acts| !acts.on_drop) {
            acts.publish();
        }
        serializer.serialize_bool(true)
    }
}

impl<'de> serde::Deserialize<'de> for Action {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bool::deserialize(deserializer).map(|_| Self(None))
    }
}

#[derive(AgentEvent)]
enum Acting {
    Gone {
        acts: Action,
    },
    #[event(coalesce(acts))]
    Keyed {
        acts: Action,
    },
}

/// A refused payload is dropped too, so its drop is called for as long as it publishes. What can be
/// asked for is that the events end at the limit and that the stack does not grow.
#[test]
fn a_payload_whose_drop_publishes_another_ends_at_the_chain_limit() {
    for (history, listened) in [(0, false), (0, true), (1, false), (1, true)] {
        trial().apart().with(|bus| bus.history(history)).run(async move |bus, stand| {
            stand.at(format!("history {history}, listened {listened}"));
            let _guard = listened.then(|| bus.subscribe::<Gone>().handle_sync(|_| {}));
            let (first, calls) = action(&bus, true, send_gone);
            send_gone(&bus, first);
            // With a history the first is dropped when the next one takes its position.
            send_gone(&bus, Action(None));
            calls.assert_not_nested("a payload whose drop publishes another");
            let stats = bus.stats();
            let published = stats.published_total + stats.discarded;
            assert!(published <= 2 * CHAIN, "drops published {published} events one after the other");
        });
    }
}

#[test]
fn a_payload_that_publishes_while_it_is_measured_ends_at_the_chain_limit() {
    trial().apart().with(|bus| bus.max_event_bytes(1_000).history(0)).run(async |bus, _| {
        let _guard = bus.subscribe::<Gone>().handle_sync(|_| {});
        let (first, calls) = action(&bus, false, send_gone);
        send_gone(&bus, first);
        assert!(calls.count() > 0, "its size is measured");
        calls.assert_at_most(2 * CHAIN, "a payload that publishes while its size is measured");
        calls.assert_not_nested("a payload that publishes while its size is measured");
        assert!(bus.stats().published_total <= CHAIN);
    });
}

#[test]
fn a_payload_that_publishes_while_it_is_compared_ends_at_the_chain_limit() {
    trial().apart().with(|bus| bus.history(0)).run(async |bus, _| {
        let (first, calls) = action(&bus, false, send_keyed);
        let (inner, mut first) = (bus.clone(), Some(first));
        // Its own handler is at work, so the events wait and are compared.
        let _guard = bus.subscribe_any().capacity(1).overflow(Overflow::Coalesce).handle_sync(move |_| {
            if let Some(first) = first.take() {
                send_keyed(&inner, first);
            }
        });
        drop(bus.stream("agent").emit_ping(0_u64).send());
        assert!(calls.count() > 0, "the fields that it is compared by are read");
        calls.assert_at_most(2 * CHAIN, "a payload that publishes while its fields are compared");
        calls.assert_not_nested("a payload that publishes while its fields are compared");
        assert!(bus.stats().published_total <= CHAIN);
    });
}
