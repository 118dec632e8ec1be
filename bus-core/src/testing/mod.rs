//! For tests of agent runtimes: a recorder of every event of a bus, events without a bus, buses
//! whose ids and times are the same each time, and a comparison with a recorded run.

mod clock;
mod compare;
mod recording;
mod store;

use std::sync::Arc;

#[cfg(not(bus_shuttle))]
pub use clock::TokioClock;
pub use clock::{StepClock, builder};
pub use compare::{Compare, Difference, Differences};
pub use recording::Recording;
pub use store::MemoryStore;

use crate::bus::EventBus;
use crate::event::{AnyEvent, Event, Head, Stored, Typed};
use crate::excerpt::excerpt;
use crate::payload::Payload;
use crate::scope::Scope;
use crate::subscribe::Subscription;
use crate::sync::Mutex;

/// Records every event that a bus publishes while this exists, oldest first, without a limit.
///
/// ```standalone_crate
/// use bus_core::testing::Recorder;
/// use bus_core::{AgentEvent, EventBus};
///
/// #[derive(AgentEvent)]
/// enum BuildEvents {
///     TargetStarted { target: String },
///     BuildFinished { ok: bool },
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let bus = EventBus::new();
/// let recorder = Recorder::new(&bus);
/// let desk = bus.stream("desk");
/// desk.emit_target_started("app").await;
/// desk.emit_build_finished(true).await;
///
/// assert_eq!(recorder.kinds(), ["target_started", "build_finished"]);
/// assert_eq!(recorder.only::<TargetStarted>().target, "app");
/// assert!(recorder.of::<BuildFinished>().iter().all(|event| event.ok));
/// # }
/// ```
#[derive(Debug)]
pub struct Recorder {
    events: Arc<Mutex<Vec<AnyEvent>>>,
    _guard: Subscription,
}

impl Recorder {
    /// Begins to record.
    ///
    /// On a closed bus it records nothing.
    #[track_caller]
    pub fn new(bus: &EventBus) -> Self {
        let events = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&events);
        let guard = bus
            .subscribe_any()
            .name("recorder")
            .capacity(usize::MAX / 32)
            .handle_sync(move |event| kept.lock().push(event.clone()));
        Self { events, _guard: guard }
    }

    /// Returns all events so far, oldest first.
    pub fn events(&self) -> Vec<AnyEvent> {
        self.events.lock().clone()
    }

    /// Returns the kinds of all events so far, oldest first.
    pub fn kinds(&self) -> Vec<String> {
        self.events.lock().iter().map(|event| event.kind().to_owned()).collect()
    }

    /// Returns the events of one payload type, oldest first.
    pub fn of<P: Payload>(&self) -> Vec<Event<P>> {
        self.events().into_iter().filter_map(|event| event.typed().ok()).collect()
    }

    /// Returns the one event of this payload type.
    ///
    /// # Panics
    /// If there is none, or more than one; the message lists the recorded kinds.
    #[track_caller]
    #[expect(clippy::panic, reason = "an assertion for tests")]
    pub fn only<P: Payload>(&self) -> Event<P> {
        let mut found = self.of::<P>();
        match (found.pop(), found.len()) {
            (Some(event), 0) => event,
            (_, more) => {
                let kinds = self.kinds();
                let kinds: Vec<_> = kinds.iter().map(|kind| excerpt(kind).to_string()).collect();
                let count = if more == 0 { 0 } else { more + 1 };
                panic!(
                    "{count} events of kind `{}`, not one; recorded were: {}",
                    P::DESCRIPTOR.kind,
                    kinds.join(", ")
                )
            }
        }
    }

    /// Asserts that the recorded payloads of this type are these, in this order.
    ///
    /// # Panics
    /// If they are not; the message shows both.
    #[track_caller]
    pub fn assert_payloads<P: Payload + PartialEq>(&self, expected: &[P]) {
        let found: Vec<P> = self.of::<P>().iter().map(|event| (**event).clone()).collect();
        assert!(
            found == expected,
            "payloads of `{}`:\n  recorded {found:?}\n  expected {expected:?}",
            P::DESCRIPTOR.kind
        );
    }

    /// Removes all events so far.
    pub fn clear(&self) {
        let gone = std::mem::take(&mut *self.events.lock());
        drop(gone);
    }
}

/// Makes an event without a bus, to test a handler alone: in the stream `test`, with seq 0.
///
/// ```standalone_crate
/// # use bus_core::{AgentEvent, Event};
/// # #[derive(AgentEvent)]
/// # enum BuildEvents { TargetStarted { target: String } }
/// fn describe(event: &Event<TargetStarted>) -> String {
///     format!("{} began", event.target)
/// }
/// let event = bus_core::testing::event(TargetStarted::new("app"));
/// assert_eq!(describe(&event), "app began");
/// ```
pub fn event<P: Payload>(payload: P) -> Event<P> {
    event_in(Scope::new("test"), payload)
}

/// The same in a scope of your own: `event_in(emitter.scope().clone(), payload)`.
pub fn event_in<P: Payload>(scope: Scope, payload: P) -> Event<P> {
    let head = Head::new(0, crate::clock::now(), Arc::new(scope), None);
    Event::new(Arc::new(Stored::of(head, Typed(payload)))).assume()
}
