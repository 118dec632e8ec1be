//! Subscribing as a program says, from outside or from inside of a handler.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bus_core::{Event, EventId, Subscribe, SubscribeError, Subscription};
use bus_model::{Gauge, Level, ModelEvents, Step, Token};
use tokio::sync::Semaphore;

use super::facts::Entry;
use super::handlers::{Shared, facts, index, locked};
use super::program::{MOST, Receive, Set, Spec};

/// The time limit of a handler that has one.
const LIMIT: Duration = Duration::from_millis(50);

impl Shared {
    /// Adds the entries of the next subscription, before its first event; returns its number.
    pub(crate) fn reserve(&self) -> usize {
        let mut ids = locked(&self.ids);
        ids.push(None);
        locked(&self.gates).push(Arc::new(Semaphore::new(0)));
        ids.len() - 1
    }

    /// The subscription of a handler; a closed bus refuses it.
    pub(crate) fn subscribe_another(self: &Arc<Self>, spec: &Spec) {
        if self.made.fetch_add(1, Ordering::Relaxed) < MOST {
            let _ = self.subscribe(spec, None);
        }
    }

    pub(crate) fn subscribe(
        self: &Arc<Self>,
        spec: &Spec,
        cursor: Option<EventId>,
    ) -> Result<(), SubscribeError> {
        let (bus, id) = (self.bus.clone(), self.reserve());
        let entered = match spec.set {
            Set::Any => self.enter(bus.subscribe_any(), spec, cursor, id),
            Set::Named => self.enter(bus.subscribe_any().kinds(["token", "alarm"]), spec, cursor, id),
            Set::Step => self.enter(bus.subscribe::<Step>(), spec, cursor, id),
            Set::Pair => self.enter(bus.subscribe::<(Step, Token)>(), spec, cursor, id),
            Set::Definition => self.enter(bus.subscribe::<ModelEvents>(), spec, cursor, id),
            Set::Measures => self.enter(bus.subscribe::<(Level, Gauge)>(), spec, cursor, id),
        };
        if entered.is_err() {
            locked(&self.ids).pop();
            locked(&self.gates).pop();
        }
        entered
    }

    fn enter<S: 'static>(
        self: &Arc<Self>,
        subscribe: Subscribe<S>,
        spec: &Spec,
        cursor: Option<EventId>,
        id: usize,
    ) -> Result<(), SubscribeError> {
        let mut subscribe =
            narrowed(subscribe, spec, cursor).capacity(spec.capacity).hard_limit(spec.hard_limit);
        if let Some(overflow) = spec.overflow {
            subscribe = subscribe.overflow(overflow);
        }
        let (reported, shared) = (Arc::clone(self), Arc::clone(self));
        let on_lag = move |lagged| reported.say(Entry::Lag { sub: id, lagged });
        let guard: Subscription = match &spec.receive {
            Receive::Stream => {
                let mut stream = subscribe.into_stream().with_gaps();
                locked(&self.ids)[id] = Some(stream.id());
                let reader = Box::new(move || stream.try_recv().map(|item| item.map(Event::into_any)));
                locked(&self.readers).insert(id, reader);
                return Ok(());
            }
            Receive::Sync(script) => {
                let script = script.clone();
                subscribe.on_lag(on_lag).try_handle_sync(move |event: &Event<S>| {
                    shared.act_sync(id, &event.clone().into_any(), &script)
                })
            }
            Receive::Async { script, concurrency, timeout } => {
                let script = Arc::new(script.clone());
                subscribe = subscribe.concurrency(*concurrency).on_lag(on_lag);
                if *timeout {
                    subscribe = subscribe.timeout(LIMIT);
                }
                subscribe.try_handle(move |event: Event<S>| {
                    Arc::clone(&shared).act_async(id, event.into_any(), Arc::clone(&script))
                })
            }
        }?;
        let given = guard.detach();
        assert_eq!(index(given), id, "ids count up");
        locked(&self.ids)[id] = Some(given);
        Ok(())
    }
}

pub(crate) fn narrowed<S: 'static>(
    mut subscribe: Subscribe<S>,
    spec: &Spec,
    cursor: Option<EventId>,
) -> Subscribe<S> {
    if let Some(stream) = spec.stream {
        subscribe = subscribe.stream(format!("s{stream}"));
    }
    if let Some(node) = spec.node {
        subscribe = subscribe.node(format!("n{node}"));
    }
    if let Some(execution) = spec.execution {
        subscribe = subscribe.execution(format!("x{execution}"));
    }
    if spec.even {
        subscribe = subscribe.filter(|event| facts(&event.clone().into_any()).0.is_multiple_of(2));
    }
    // A filter makes each sync handler a group of its own: the model has no groups of several.
    // Loom, shuttle and `faults/accounts.rs` of the core look at those.
    if matches!(spec.receive, Receive::Sync(_)) && !spec.even {
        subscribe = subscribe.filter(|_| true);
    }
    match cursor {
        Some(cursor) => subscribe.since(cursor),
        None => subscribe,
    }
}
