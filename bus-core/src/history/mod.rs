//! Asking the history.

use std::sync::Arc;

use crate::bus::EventBus;
use crate::delivery::{Core, Marks, Wanted};
use crate::event::{AnyEvent, Event, EventId, KindRef, Stored};
use crate::payload::EventSet;
use crate::scope::Id;

/// How many events are returned unless `limit` says otherwise.
const LIMIT: usize = 100;

/// A question about the events that a bus still holds: newest first, at most 100, unless said otherwise.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let bus = bus_core::EventBus::new();
/// let run = bus.stream("desk").execution("exec-1");
/// for n in 0..3 {
///     run.emit_dynamic("step", serde_json::json!({ "n": n })).await;
/// }
/// let steps = bus.history().kinds(["step"]).execution("exec-1").limit(2).collect();
/// assert_eq!(steps.iter().map(|event| event.seq()).collect::<Vec<_>>(), [3, 2]);
/// # }
/// ```
#[must_use = "a question does nothing until `collect`"]
#[derive(Debug, Clone)]
pub struct HistoryQuery {
    bus: EventBus,
    kinds: Option<Vec<Arc<str>>>,
    wanted: Wanted,
    since: Option<EventId>,
    limit: usize,
    oldest_first: bool,
}

impl EventBus {
    /// Asks for the events that the bus still holds.
    pub fn history(&self) -> HistoryQuery {
        let wanted = Wanted::default();
        HistoryQuery {
            bus: self.clone(),
            kinds: None,
            wanted,
            since: None,
            limit: LIMIT,
            oldest_first: false,
        }
    }
}

impl HistoryQuery {
    /// Only events of these kinds; an alias is as good as the kind.
    pub fn kinds<K: AsRef<str>>(mut self, kinds: impl IntoIterator<Item = K>) -> Self {
        let catalogue = self.bus.core.catalogue();
        let today =
            |kind: K| Arc::from(catalogue.get(kind.as_ref()).map_or(kind.as_ref(), |event| event.kind));
        self.kinds = Some(kinds.into_iter().map(today).collect());
        self
    }

    /// Only events of this stream.
    pub fn stream(mut self, id: impl Into<String>) -> Self {
        self.wanted.stream = Some(Id::new(id));
        self
    }

    /// Only events of this node.
    pub fn node(mut self, id: impl Into<String>) -> Self {
        self.wanted.node = Some(Id::new(id));
        self
    }

    /// Only events of this execution.
    pub fn execution(mut self, id: impl Into<String>) -> Self {
        self.wanted.execution = Some(Id::new(id));
        self
    }

    /// Only events with this correlation.
    pub fn correlation(mut self, id: impl Into<String>) -> Self {
        self.wanted.correlation = Some(Id::new(id));
        self
    }

    /// Only events with this attribute.
    pub fn attribute(mut self, name: &str, value: impl Into<String>) -> Self {
        self.wanted.set_attribute(name, Id::new(value));
        self
    }

    /// Only events after this one. With the id of another run of the bus: all events.
    pub fn since(mut self, cursor: EventId) -> Self {
        self.since = Some(cursor);
        self
    }

    /// At most this many; 100 unless set.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Oldest first in place of newest first. The limit then cuts off the newest.
    pub fn oldest_first(mut self) -> Self {
        self.oldest_first = true;
        self
    }

    /// The answer.
    pub fn collect(self) -> Vec<AnyEvent> {
        let core = &self.bus.core;
        let after = self.since.map_or(0, |cursor| position(core, cursor));
        let mut found = Vec::new();
        // Where the walk stands: everything after it (or, newest first, before it) is still to be looked at.
        let mut at = if self.oldest_first { after } else { u64::MAX };
        while found.len() < self.limit {
            let Some(next) = self.window(core, after, at, &mut found) else { break };
            at = next;
            core.yield_lock();
        }
        found
    }

    /// The answer, for the payloads of `S` alone. The limit counts those alone.
    pub fn typed<S: EventSet>(self) -> Vec<Event<S>> {
        let kinds = S::descriptors().into_iter().map(|event| event.kind);
        self.kinds(kinds).collect().into_iter().filter_map(|event| event.typed().ok()).collect()
    }

    /// Looks at the next events of the walk; gives where it stands afterwards, or nothing at its end.
    fn window(&self, core: &Core, after: u64, at: u64, found: &mut Vec<AnyEvent>) -> Option<u64> {
        let state = core.lock();
        let kind = match self.kinds.as_deref() {
            Some([kind]) => state.routes.named_position(kind),
            _ => None,
        };
        let marks = Marks::new(kind, self.wanted.execution.as_ref().map(Id::hash));
        let left = self.limit - found.len();
        if self.oldest_first {
            let (events, next) = state.history.next_after(at, marks);
            found.extend(events.filter(|event| self.fits(event)).take(left).map(AnyEvent::of));
            next
        } else {
            let (events, next) = state.history.next_before(at, marks);
            let events = events.take_while(|event| event.head.seq() > after);
            found.extend(events.filter(|event| self.fits(event)).take(left).map(AnyEvent::of));
            next.filter(|next| *next > after)
        }
    }

    fn fits(&self, event: &Stored) -> bool {
        let kind = event.body.kind();
        self.kinds.as_ref().is_none_or(|kinds| kinds.iter().any(|wanted| same(wanted, kind)))
            && self.wanted.matches(&event.head.scope)
    }
}

fn same(wanted: &str, kind: KindRef<'_>) -> bool {
    wanted == kind.as_str()
}

/// The place of a cursor in this run; 0, before everything, for the cursor of another run whose event is not held.
fn position(core: &Core, cursor: EventId) -> u64 {
    if cursor.run() == core.run {
        return cursor.seq();
    }
    let mut at = 0;
    loop {
        let (found, more) = core.lock().history.find_after(at, cursor);
        match (found, more) {
            (Some(seq), _) => return seq,
            (None, Some(more)) => at = more,
            (None, None) => return 0,
        }
    }
}
