//! Queries of the history and of the latest values.

mod latest;

pub use latest::LatestQuery;

use std::panic::Location;

use crate::bus::EventBus;
use crate::delivery::{Core, Kinds, Marks, Part, Wanted};
use crate::event::{AnyEvent, Event, Stored};
use crate::filter::Filter;
use crate::payload::EventSet;
use crate::scope::PARENT_EXECUTION;
use crate::since::Since;

/// How many events are returned unless `limit` says otherwise.
const LIMIT: usize = 100;

/// A query of the events that the history holds: newest first, at most 100, unless set.
///
/// Filters of different names must all fit; several values of one name mean any of them. A query
/// walks the history in steps of 256 events, so that others publish meanwhile: events published or
/// evicted during the walk may be in the result or not.
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
    kinds: Kinds,
    wanted: Wanted,
    matching: Vec<(Filter, &'static Location<'static>)>,
    since: Since,
    limit: usize,
    oldest_first: bool,
}

impl EventBus {
    /// Returns a query of the events that the history holds.
    pub fn history(&self) -> HistoryQuery {
        let wanted = Wanted::default();
        HistoryQuery {
            bus: self.clone(),
            kinds: Kinds::Any,
            wanted,
            matching: Vec::new(),
            since: Since::Beginning,
            limit: LIMIT,
            oldest_first: false,
        }
    }
}

impl HistoryQuery {
    /// Selects events of these kinds. An alias stands for its kind, and a name that ends with `*`
    /// is a pattern, as in a [subscription](crate::Subscribe::kinds), with the same warnings.
    #[track_caller]
    pub fn kinds<K: AsRef<str>>(mut self, kinds: impl IntoIterator<Item = K>) -> Self {
        self.bus.core.add_names(&mut self.kinds, kinds, Location::caller());
        self
    }

    /// Selects events of this stream.
    pub fn stream(mut self, id: impl Into<String>) -> Self {
        self.wanted.add(Part::Stream, id);
        self
    }

    /// Selects events of this node.
    pub fn node(mut self, id: impl Into<String>) -> Self {
        self.wanted.add(Part::Node, id);
        self
    }

    /// Selects events of this execution.
    pub fn execution(mut self, id: impl Into<String>) -> Self {
        self.wanted.add(Part::Execution, id);
        self
    }

    /// Selects events of executions that this execution began.
    pub fn parent_execution(self, id: impl Into<String>) -> Self {
        self.attribute(PARENT_EXECUTION, id)
    }

    /// Selects events with this correlation.
    pub fn correlation(mut self, id: impl Into<String>) -> Self {
        self.wanted.add(Part::Correlation, id);
        self
    }

    /// Selects events whose attribute has this value.
    pub fn attribute(mut self, name: &str, value: impl Into<String>) -> Self {
        self.wanted.add(Part::Attribute(name.into()), value);
        self
    }

    /// Selects events that fit a [`Filter`], as in a [subscription](crate::Subscribe::matching);
    /// called several times, that fit all of these.
    #[track_caller]
    pub fn matching(mut self, filter: Filter) -> Self {
        self.matching.push((filter, Location::caller()));
        self
    }

    /// Selects events behind another one, or from a time on. A cursor of another run selects all
    /// events, unless an event with this id was republished here.
    pub fn since(mut self, since: impl Into<Since>) -> Self {
        self.since = since.into();
        self
    }

    /// Sets how many events are returned at most: 100 unless set.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Returns the oldest events first. The limit then cuts off the newest.
    pub fn oldest_first(mut self) -> Self {
        self.oldest_first = true;
        self
    }

    /// Runs the query.
    pub fn collect(mut self) -> Vec<AnyEvent> {
        let bus = self.bus.clone();
        let core = &bus.core;
        let rest = self.route(core);
        let after = core.position(self.since);
        let after = after.map_or_else(|| core.newest(), |found| found.unwrap_or_else(|miss| miss.at));
        let mut found = Vec::new();
        // The position of the walk: events after it (newest first: before it) are still to be
        // visited.
        let mut at = if self.oldest_first { after } else { u64::MAX };
        while found.len() < self.limit {
            let known = found.len();
            let most = if rest.is_empty() { self.limit - known } else { usize::MAX };
            let next = self.window(core, (after, at), most, &mut found);
            // Outside the lock, because it may run code of the payloads.
            let others = |event: &mut AnyEvent| !rest.iter().all(|filter| filter.matches(event));
            found.extract_if(known.., others).for_each(drop);
            found.truncate(self.limit);
            let Some(next) = next else { break };
            at = next;
            core.yield_lock();
        }
        found
    }

    /// Looks up what can be looked up of the filters; returns the rest of them.
    fn route(&mut self, core: &Core) -> Vec<Filter> {
        let filters = std::mem::take(&mut self.matching).into_iter();
        filters.filter_map(|(filter, at)| filter.route(core, &mut self.kinds, &mut self.wanted, at)).collect()
    }

    /// Runs the query for payloads of `S`. The limit counts these alone. An event of such a kind
    /// whose data does not fit its type is left out, and still counts.
    pub fn typed<S: EventSet>(mut self) -> Vec<Event<S>> {
        self.kinds = Kinds::Named(S::descriptors().into_iter().map(|event| event.kind.into()).collect());
        self.collect().into_iter().filter_map(|event| event.typed().ok()).collect()
    }

    /// Visits the next events of the walk, from `at` to those behind `after`, and takes at most so
    /// many. Returns its position afterwards, or `None` at its end.
    fn window(
        &self,
        core: &Core,
        (after, at): (u64, u64),
        most: usize,
        found: &mut Vec<AnyEvent>,
    ) -> Option<u64> {
        let state = core.lock();
        let kind = self.kinds.only().and_then(|kind| state.routes.named_position(kind));
        let marks = Marks::new(kind, self.wanted.execution());
        if self.oldest_first {
            let (events, next) = state.history.next_after(at, marks);
            found.extend(events.filter(|event| self.fits(event)).take(most).map(AnyEvent::of));
            next
        } else {
            let (events, next) = state.history.next_before(at, marks);
            let events = events.take_while(|event| event.head.seq() > after);
            found.extend(events.filter(|event| self.fits(event)).take(most).map(AnyEvent::of));
            next.filter(|next| *next > after)
        }
    }

    fn fits(&self, event: &Stored) -> bool {
        self.kinds.names(event.body.kind().as_str()) && self.wanted.matches(&event.head.scope)
    }
}
