//! Which events a subscription wants.

use std::panic::Location;
use std::sync::Arc;

use super::{Plan, Subscribe};
use crate::delivery::{Core, Part};
use crate::event::{AnyKind, Event};
use crate::filter::Filter;
use crate::scope::PARENT_EXECUTION;

impl<S, T, M> Subscribe<S, T, M> {
    /// Selects events of this stream; called several times, of any of these.
    pub fn stream(mut self, id: impl Into<String>) -> Self {
        self.plan.wanted.add(Part::Stream, id);
        self
    }

    /// Selects events of this node; called several times, of any of these.
    pub fn node(mut self, id: impl Into<String>) -> Self {
        self.plan.wanted.add(Part::Node, id);
        self
    }

    /// Selects events of this execution; called several times, of any of these.
    pub fn execution(mut self, id: impl Into<String>) -> Self {
        self.plan.wanted.add(Part::Execution, id);
        self
    }

    /// Selects events of executions that this execution began; called several times, that any of
    /// these began.
    pub fn parent_execution(self, id: impl Into<String>) -> Self {
        self.attribute(PARENT_EXECUTION, id)
    }

    /// Selects events with this correlation; called several times, with any of these.
    pub fn correlation(mut self, id: impl Into<String>) -> Self {
        self.plan.wanted.add(Part::Correlation, id);
        self
    }

    /// Selects events whose attribute has this value; called several times with one name, any of
    /// these values. Attributes of different names must all fit.
    pub fn attribute(mut self, name: &str, value: impl Into<String>) -> Self {
        self.plan.wanted.add(Part::Attribute(name.into()), value);
        self
    }

    /// Selects events that fit a [`Filter`]; called several times, that fit all of these. It
    /// narrows the other filters and is never widened by them.
    ///
    /// Its kinds and ids are looked up as those of the other methods are, where these name none.
    /// The rest is asked as a [`filter`](Self::filter) is. A kind that no definition declares is
    /// reported as with [`kinds`](Subscribe::kinds).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bus_core::filter::FilterError> {
    /// let bus = bus_core::EventBus::new();
    /// let mut failures = bus.subscribe_any().matching("kind:tool_* error".parse()?).into_stream();
    /// bus.stream("desk").emit_dynamic("tool_called", serde_json::json!({})).await;
    /// bus.stream("desk").emit_dynamic("tool_failed", serde_json::json!({})).await;
    /// assert_eq!(failures.recv().await.unwrap().kind(), "tool_failed");
    /// # Ok(()) }
    /// ```
    pub fn matching(mut self, filter: Filter) -> Self {
        self.plan.matching.push(filter);
        self
    }

    /// Selects events for which the closure returns true. Several filters must all return true.
    ///
    /// The closure runs on the publishing thread, outside the bus's lock, for each event that fits
    /// the other filters; those are faster, because they are looked up. It runs before the event
    /// has a position, so `seq` is 0, except for events of the past that [`since`](Self::since) and
    /// [`with_latest`](Self::with_latest) bring. A subscription made during a publish may get the
    /// event first and run its filter when it takes the event up.
    ///
    /// A panic of the closure is logged and counts as false.
    pub fn filter(mut self, wanted: impl Fn(&Event<S>) -> bool + Send + Sync + 'static) -> Self
    where
        S: 'static,
    {
        self.plan.predicates.push(Arc::new(move |event| wanted(&event.clone().assume())));
        self
    }
}

impl<T, M> Subscribe<AnyKind, T, M> {
    /// Selects events of these kinds, declared or not; called several times, of any of these. An
    /// alias stands for its kind. A name that ends with `*` is a pattern: it selects the kinds that
    /// begin with the text before it, also those that are published for the first time later. An
    /// empty list selects nothing.
    ///
    /// A kind that no definition declares is reported in the log with the place of the call, once:
    /// as a warning where a declared kind is much like it (`ToolCallStarted`, a slip, a forgotten
    /// prefix), as information otherwise. An empty list is a warning too.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let bus = bus_core::EventBus::new();
    /// let mut vendor = bus.subscribe_any().kinds(["vendor.*", "billing"]).into_stream();
    /// bus.stream("desk").emit_dynamic("vendor.scored", serde_json::json!({ "score": 7 })).await;
    /// bus.stream("desk").emit_dynamic("asked", serde_json::json!({})).await;
    /// bus.stream("desk").emit_dynamic("billing", serde_json::json!({})).await;
    /// assert_eq!(vendor.recv().await.unwrap().kind(), "vendor.scored");
    /// assert_eq!(vendor.recv().await.unwrap().kind(), "billing");
    /// # }
    /// ```
    #[track_caller]
    pub fn kinds<K: AsRef<str>>(mut self, kinds: impl IntoIterator<Item = K>) -> Self {
        self.bus.core.add_names(&mut self.plan.kinds, kinds, Location::caller());
        self
    }
}

impl Plan {
    /// Looks up what the routes can of the filters; the rest is asked as a closure of the user's.
    pub(super) fn route(&mut self, core: &Core) {
        for filter in std::mem::take(&mut self.matching) {
            if let Some(rest) = filter.route(core, &mut self.kinds, &mut self.wanted, self.location) {
                self.predicates.push(Arc::new(move |event| rest.matches(event)));
            }
        }
    }
}
