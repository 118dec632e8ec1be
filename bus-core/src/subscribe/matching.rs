//! Subscriptions to the events that fit a [`Filter`].

use std::sync::Arc;

use super::{Plan, Subscribe};
use crate::delivery::Core;
use crate::filter::Filter;

impl<S, T> Subscribe<S, T> {
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
