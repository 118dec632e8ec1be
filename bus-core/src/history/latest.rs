//! Queries of the latest values.

use std::collections::HashSet;
use std::marker::PhantomData;

use crate::bus::EventBus;
use crate::delivery::{Part, State, Wanted};
use crate::event::{AnyEvent, AnyKind, Event, KindRef, Stored};
use crate::payload::{Descriptor, Sticky};

/// A query of the latest values: of each `sticky` kind, the newest event in each stream, node and
/// execution.
///
/// Filters of different names must all fit; several values of one name mean any of them.
///
/// A value stays until a newer event of its kind and scope replaces it, [`forget`](Self::forget)
/// removes it, or there are more values than the bus keeps: see
/// [`EventBusBuilder::latest`](crate::EventBusBuilder::latest). An event whose data does not fit
/// its type is no value.
///
/// ```standalone_crate
/// # use bus_core::{AgentEvent, EventBus};
/// #[derive(AgentEvent)]
/// enum JobEvents {
///     #[event(requires(execution), sticky)]
///     ProgressMade { percent: u8 },
/// }
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let bus = EventBus::builder().history(0).build().unwrap();
/// let job = bus.stream("desk").execution("exec-1");
/// job.emit_progress_made(10).await;
/// job.emit_progress_made(80).await;
/// let progress = bus.latest::<ProgressMade>().execution("exec-1");
/// assert_eq!(progress.newest().map(|event| event.percent), Some(80));
/// # }
/// ```
#[must_use = "a question does nothing until `collect`, `newest` or `forget`"]
#[derive(Debug, Clone)]
pub struct LatestQuery<S = AnyKind> {
    bus: EventBus,
    kind: Option<&'static Descriptor>,
    wanted: Wanted,
    set: PhantomData<fn() -> S>,
}

impl EventBus {
    /// Returns a query of the latest values of one sticky event.
    pub fn latest<P: Sticky>(&self) -> LatestQuery<P> {
        LatestQuery::new(self, Some(P::DESCRIPTOR))
    }

    /// Returns a query of the latest values of all sticky events.
    pub fn latest_any(&self) -> LatestQuery {
        LatestQuery::new(self, None)
    }
}

impl<S> LatestQuery<S> {
    fn new(bus: &EventBus, kind: Option<&'static Descriptor>) -> Self {
        Self { bus: bus.clone(), kind, wanted: Wanted::default(), set: PhantomData }
    }

    /// Selects values of this stream.
    pub fn stream(mut self, id: impl Into<String>) -> Self {
        self.wanted.add(Part::Stream, id);
        self
    }

    /// Selects values of this node.
    pub fn node(mut self, id: impl Into<String>) -> Self {
        self.wanted.add(Part::Node, id);
        self
    }

    /// Selects values of this execution.
    pub fn execution(mut self, id: impl Into<String>) -> Self {
        self.wanted.add(Part::Execution, id);
        self
    }

    /// Selects values with this correlation.
    pub fn correlation(mut self, id: impl Into<String>) -> Self {
        self.wanted.add(Part::Correlation, id);
        self
    }

    /// Selects values whose attribute has this value.
    pub fn attribute(mut self, name: &str, value: impl Into<String>) -> Self {
        self.wanted.add(Part::Attribute(name.into()), value);
        self
    }

    /// Runs the query: one event for each kind, stream, node and execution, the newest first.
    ///
    /// It reads the values in steps of 256, so that others publish meanwhile.
    pub fn collect(self) -> Vec<Event<S>> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(next) = self.window(at, &mut found) {
            at = next;
            self.bus.core.yield_lock();
        }
        // A value that was replaced during the walk was found twice.
        let mut seen = HashSet::new();
        let place =
            |event: &AnyEvent| (event.descriptor().map(Descriptor::type_id), event.scope().place_hash());
        found.reverse();
        found.retain(|event| seen.insert(place(event)));
        found.into_iter().map(Event::assume).collect()
    }

    /// Returns the newest of the values that the query selects.
    pub fn newest(self) -> Option<Event<S>> {
        self.collect().into_iter().next()
    }

    /// Forgets the values that the query selects, and returns how many they were. A runtime calls
    /// it for an execution that has ended: what it leaves would stay until newer values of others
    /// need the memory.
    ///
    /// ```standalone_crate
    /// # use bus_core::{AgentEvent, EventBus};
    /// # #[derive(AgentEvent)]
    /// # enum JobEvents {
    /// #[event(requires(execution), sticky)]
    /// ProgressMade { percent: u8 },
    /// # }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let bus = EventBus::new();
    /// bus.stream("desk").execution("exec-1").emit_progress_made(100).await;
    /// assert_eq!(bus.latest_any().execution("exec-1").forget(), 1);
    /// assert!(bus.latest::<ProgressMade>().newest().is_none());
    /// # }
    /// ```
    pub fn forget(self) -> usize {
        let core = &self.bus.core;
        let (mut forgotten, mut at) = (0, Some(0));
        while let Some(after) = at {
            let (count, next) = core.step(|state, effects| {
                let (events, next) = self.read(state, after);
                let count = events.len();
                let held = events.iter().filter_map(|event| state.latest.remove(event.seq())).collect();
                effects.drop_later(held);
                effects.drop_later(events.into_iter().map(Event::into_stored).collect());
                (count, next)
            });
            (forgotten, at) = (forgotten + count, next);
            core.yield_lock();
        }
        forgotten
    }

    fn window(&self, after: u64, found: &mut Vec<AnyEvent>) -> Option<u64> {
        let (events, next) = self.read(&self.bus.core.lock(), after);
        found.extend(events);
        next
    }

    /// The values among the next 256 that the query selects, and where the walk stands after them
    /// if there may be more.
    fn read(&self, state: &State, after: u64) -> (Vec<AnyEvent>, Option<u64>) {
        let (events, next) = state.latest.next_after(after);
        (events.filter(|event| self.fits(event)).map(AnyEvent::of).collect(), next)
    }

    fn fits(&self, event: &Stored) -> bool {
        let of_kind = |wanted: &Descriptor| match event.body.kind() {
            KindRef::Declared(kind) => kind.type_id() == wanted.type_id(),
            KindRef::Open(_) => false,
        };
        self.kind.is_none_or(of_kind) && self.wanted.matches(&event.head.scope)
    }
}
