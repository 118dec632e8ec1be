//! A bus with a scope.

use std::marker::PhantomData;
use std::sync::Arc;

use super::{EmitDynamic, Source};
use crate::bus::EventBus;
use crate::event::Event;
use crate::json::is_long_key;
use crate::scope::{Execution, Id, NoExecution, NoNode, Node, RESERVED, Scope};

/// A bus with a scope; its type says whether it has a node and an execution. Emit helpers hang on it.
///
/// A clone is cheap and shares the scope. An emitter of narrower scope is a new one; the one it was made from stays as it was.
///
/// ```
/// let bus = bus_core::EventBus::new();
/// let desk = bus.stream("desk");
/// let run = desk.execution("exec-1").correlation("req-7");
/// let planner = run.node("planner");
/// assert_eq!(planner.scope().execution(), Some("exec-1"));
/// assert_eq!(desk.scope().execution(), None);
/// ```
pub struct Emitter<N = NoNode, X = NoExecution> {
    pub(crate) source: Arc<Source>,
    scope: PhantomData<fn() -> (N, X)>,
}

impl Emitter {
    pub(crate) fn new(bus: EventBus, stream: impl Into<String>) -> Self {
        let scope = Arc::new(Scope::new(stream));
        Self { source: Arc::new(Source { bus, scope, cause: None }), scope: PhantomData }
    }
}

impl EventBus {
    /// An emitter for a stream: where every event begins.
    pub fn stream(&self, id: impl Into<String>) -> Emitter {
        Emitter::new(self.clone(), id)
    }
}

impl<N, X> Emitter<N, X> {
    fn change<M, Y>(&self, change: impl FnOnce(&mut Scope)) -> Emitter<M, Y> {
        let mut source = Source::clone(&self.source);
        change(Arc::make_mut(&mut source.scope));
        Emitter { source: Arc::new(source), scope: PhantomData }
    }

    /// The same place at a node.
    pub fn node(&self, id: impl Into<String>) -> Emitter<Node, X> {
        self.change(|scope| scope.node = Some(Id::new(id)))
    }

    /// The same place in an execution.
    pub fn execution(&self, id: impl Into<String>) -> Emitter<N, Execution> {
        self.change(|scope| scope.execution = Some(Id::new(id)))
    }

    /// The same place at a node, if there is one: for scope that is only sometimes there. The type does not change, so that events which need a node still do not compile.
    #[must_use]
    pub fn maybe_node(&self, id: Option<impl Into<String>>) -> Self {
        self.change(|scope| scope.node = id.map(Id::new).or_else(|| scope.node.take()))
    }

    /// The same place in an execution, if there is one: for scope that is only sometimes there. The type does not change, so that events which need an execution still do not compile.
    #[must_use]
    pub fn maybe_execution(&self, id: Option<impl Into<String>>) -> Self {
        self.change(|scope| scope.execution = id.map(Id::new).or_else(|| scope.execution.take()))
    }

    /// The same place, tied to related events.
    #[must_use]
    pub fn correlation(&self, id: impl Into<String>) -> Self {
        self.change(|scope| scope.correlation = Some(Id::new(id)))
    }

    /// The same place, tied to related events if there is something to tie it to.
    #[must_use]
    pub fn maybe_correlation(&self, id: Option<impl Into<String>>) -> Self {
        self.change(|scope| scope.correlation = id.map(Id::new).or_else(|| scope.correlation.take()))
    }

    /// The same place with an open attribute, such as `graph_id`.
    ///
    /// An attribute becomes a key of the event's JSON, so the envelope's own names are taken, and a name has at
    /// most 64 KiB: an event emitted with another is refused, and the receipt says so.
    #[must_use]
    pub fn attribute(&self, name: &str, value: impl Into<String>) -> Self {
        self.change(|scope| {
            if RESERVED.contains(&name) || is_long_key(name) {
                scope.reserved = Some(name.into());
            } else {
                scope.set_attribute(name, value);
            }
        })
    }

    /// The same place; what is emitted is caused by `event`. Inside a handler that is so by itself: this is for work that a handler spawns.
    #[must_use]
    pub fn caused_by<S>(&self, event: &Event<S>) -> Self {
        let source = Source { cause: Some(event.link()), ..Source::clone(&self.source) };
        Self { source: Arc::new(source), scope: PhantomData }
    }

    /// Emits a kind that no file declares. `data` is a JSON object; what a declared kind needs is checked when it is read, not here.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let bus = bus_core::EventBus::new();
    /// bus.stream("desk").emit_dynamic("vendor_kind", serde_json::json!({ "answer": 42 })).await;
    /// assert_eq!(bus.stats().published["vendor_kind"], 1);
    /// # }
    /// ```
    pub fn emit_dynamic(&self, kind: impl Into<String>, data: serde_json::Value) -> EmitDynamic {
        EmitDynamic::new(&self.source, kind.into(), data)
    }

    /// The bus that it emits to.
    pub fn bus(&self) -> &EventBus {
        &self.source.bus
    }

    /// Where its events happen.
    pub fn scope(&self) -> &Scope {
        &self.source.scope
    }
}

impl<N, X> Clone for Emitter<N, X> {
    fn clone(&self) -> Self {
        Self { source: Arc::clone(&self.source), scope: PhantomData }
    }
}

impl<N, X> std::fmt::Debug for Emitter<N, X> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Emitter").field("scope", &self.source.scope).finish_non_exhaustive()
    }
}
