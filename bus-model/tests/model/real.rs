//! The same programs in the real bus, on one thread, with paused time.

use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bus_core::{AnyEvent, Event, EventBus, EventId, EventSet, Subscribe};
use bus_model::{Gauge, Level, ModelEvents, Step, Token};

use super::facts::{Entry, Slip};
use super::handlers::{Shared, facts, index, locked, slip};
use super::life::Read;
use super::program::{Emission, Program, Set, Since, Spec};
use super::subscribe::narrowed;

pub(crate) struct Real {
    pub(crate) shared: Arc<Shared>,
}

impl Real {
    pub(crate) fn new(program: &Program) -> Self {
        let mut builder = EventBus::builder()
            .history(program.history)
            .transient_history(program.transient)
            .chain_limit(program.chain_limit);
        builder = builder.max_concurrent_handlers(program.places.unwrap_or(usize::MAX / 2));
        let shared = Shared {
            bus: builder.slow_after(Duration::ZERO).build().unwrap(),
            n: AtomicU64::new(0),
            made: AtomicUsize::new(0),
            log: Mutex::default(),
            ids: Mutex::default(),
            gates: Mutex::default(),
            receipts: Mutex::default(),
            waits: Mutex::default(),
            closes: Mutex::default(),
            readers: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    pub(crate) fn bus(&self) -> &EventBus {
        &self.shared.bus
    }

    /// The log since the last call.
    pub(crate) fn take_log(&self) -> Vec<Entry> {
        std::mem::take(&mut *locked(&self.shared.log))
    }

    /// Runs every ready task.
    pub(crate) async fn settle(&self) {
        let (mut still, mut before) = (0, 0);
        while still < 8 {
            tokio::task::yield_now().await;
            let now = locked(&self.shared.log).len();
            still = if now == before { still + 1 } else { 0 };
            before = now;
        }
    }

    pub(crate) fn cursor(&self, since: Since, place: Option<u64>) -> Option<EventId> {
        let run = |run: String, seq: u64| format!("{run}-{seq}").parse().ok();
        match since {
            Since::OtherRun => run("00000000000000aa".to_owned(), 1),
            Since::Back(_) => {
                let debug = format!("{:?}", self.bus());
                let own = debug.split('"').nth(1).unwrap().to_owned();
                run(own, place?)
            }
        }
    }

    /// Registers a wait; a task logs its end.
    pub(crate) fn wait(&self, spec: &Spec, now: bool, cursor: Option<EventId>) {
        let bus = self.bus().clone();
        match spec.set {
            Set::Any => self.enter_wait(bus.subscribe_any(), spec, now, cursor),
            Set::Named => self.enter_wait(bus.subscribe_any().kinds(["token", "alarm"]), spec, now, cursor),
            Set::Step => self.enter_wait(bus.subscribe::<Step>(), spec, now, cursor),
            Set::Pair => self.enter_wait(bus.subscribe::<(Step, Token)>(), spec, now, cursor),
            Set::Definition => self.enter_wait(bus.subscribe::<ModelEvents>(), spec, now, cursor),
            Set::Measures => self.enter_wait(bus.subscribe::<(Level, Gauge)>(), spec, now, cursor),
        }
    }

    fn enter_wait<S: 'static>(
        &self,
        subscribe: Subscribe<S>,
        spec: &Spec,
        now: bool,
        cursor: Option<EventId>,
    ) {
        let first = narrowed(subscribe, spec, cursor).first();
        let sub = self.shared.reserve();
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            let found = if now { first.timeout(Duration::ZERO).await } else { first.await };
            let reported = found
                .map(|event| facts(&event.into_any()).0)
                .map_err(|error| if error == bus_core::WaitError::Closed { "closed" } else { "timed out" });
            locked(&shared.waits).push((sub, reported));
        });
    }

    pub(crate) fn send(&self, what: &Emission) -> Slip {
        slip(self.shared.send(what, what.hops).receipt()).at_once()
    }

    pub(crate) fn publish(&self, at: usize, what: &Emission) {
        let (shared, what) = (Arc::clone(&self.shared), what.clone());
        tokio::spawn(async move {
            let receipt = shared.publish(&what, what.hops).await;
            locked(&shared.receipts).push((at, slip(&receipt)));
        });
    }

    pub(crate) fn read(&self, sub: usize, count: usize) -> Vec<Read> {
        let mut readers = locked(&self.shared.readers);
        let Some(reader) = readers.get_mut(&sub) else { return Vec::new() };
        let read = std::iter::from_fn(reader).take(count);
        read.map(|item| {
            item.map_or_else(Read::Gap, |event| Read::Event { n: facts(&event).0, seq: event.seq() })
        })
        .collect()
    }

    pub(crate) fn unsubscribe(&self, sub: usize) -> bool {
        let id = locked(&self.shared.ids)[sub];
        id.is_some_and(|id| self.bus().unsubscribe(id))
    }

    pub(crate) fn open(&self, sub: usize, times: usize) {
        locked(&self.shared.gates)[sub].add_permits(times);
    }

    pub(crate) async fn close(&self, now: bool) {
        let close = self.bus().close(if now { Duration::ZERO } else { Duration::from_hours(1) });
        let shared = Arc::clone(&self.shared);
        let ends = async move {
            let report = close.await;
            let left = report.left.iter().map(|left| (index(left.id), left.running, left.waiting)).collect();
            let unread = report.unread.iter().map(|left| (index(left.id), left.waiting)).collect();
            locked(&shared.closes).push((left, unread));
        };
        if now { ends.await } else { drop(tokio::spawn(ends)) }
    }
}

/// The events in history for the kinds of a set.
pub(crate) fn history(
    bus: &EventBus,
    set: Set,
    stream: Option<u8>,
    limit: usize,
    oldest_first: bool,
    since: Option<EventId>,
) -> Vec<u64> {
    fn typed<S: EventSet>(query: bus_core::HistoryQuery) -> Vec<AnyEvent> {
        query.typed::<S>().into_iter().map(Event::into_any).collect()
    }
    let mut query = bus.history().limit(limit);
    if let Some(stream) = stream {
        query = query.stream(format!("s{stream}"));
    }
    if oldest_first {
        query = query.oldest_first();
    }
    if let Some(since) = since {
        query = query.since(since);
    }
    let found = match set {
        Set::Any => query.collect(),
        Set::Named => query.kinds(["token", "alarm"]).collect(),
        Set::Step => typed::<Step>(query),
        Set::Pair => typed::<(Step, Token)>(query),
        Set::Definition => typed::<ModelEvents>(query),
        Set::Measures => typed::<(Level, Gauge)>(query),
    };
    found.iter().map(|event| facts(event).0).collect()
}
