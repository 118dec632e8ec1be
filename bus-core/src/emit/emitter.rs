//! A bus with a scope.

use std::marker::PhantomData;
use std::sync::Arc;

use super::{EmitDynamic, Source};
use crate::bus::EventBus;
use crate::event::Event;
use crate::json::is_long_key;
use crate::scope::{Execution, Id, NoExecution, NoNode, Node, RESERVED, Scope};

/// A bus with a scope; its type says whether it has a node and an execution. It has the emit
/// helpers.
///
/// A clone is cheap and shares the scope. Narrowing the scope makes a new emitter; the first one
/// does not change.
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
    /// Makes an emitter for a stream: the start of every scope.
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

    /// Returns the same scope with a node.
    pub fn node(&self, id: impl Into<String>) -> Emitter<Node, X> {
        self.change(|scope| scope.node = Some(Id::new(id)))
    }

    /// Returns the same scope with an execution.
    pub fn execution(&self, id: impl Into<String>) -> Emitter<N, Execution> {
        self.change(|scope| scope.execution = Some(Id::new(id)))
    }

    /// Returns the same scope with a node, if there is one: for scope that is optional at run time.
    /// The type does not change, so that events which need a node still do not compile.
    #[must_use]
    pub fn maybe_node(&self, id: Option<impl Into<String>>) -> Self {
        self.change(|scope| scope.node = id.map(Id::new).or_else(|| scope.node.take()))
    }

    /// Returns the same scope with an execution, if there is one: for scope that is optional at run
    /// time. The type does not change, so that events which need an execution still do not compile.
    #[must_use]
    pub fn maybe_execution(&self, id: Option<impl Into<String>>) -> Self {
        self.change(|scope| scope.execution = id.map(Id::new).or_else(|| scope.execution.take()))
    }

    /// Returns the same scope, tied to related events.
    #[must_use]
    pub fn correlation(&self, id: impl Into<String>) -> Self {
        self.change(|scope| scope.correlation = Some(Id::new(id)))
    }

    /// Returns the same scope, tied to related events if there is a correlation.
    #[must_use]
    pub fn maybe_correlation(&self, id: Option<impl Into<String>>) -> Self {
        self.change(|scope| scope.correlation = id.map(Id::new).or_else(|| scope.correlation.take()))
    }

    /// Returns the same scope with an open attribute, such as `graph_id`.
    ///
    /// An attribute becomes a key of the event's JSON, so the envelope's own names are taken, and a
    /// name has at most 64 KiB. An event emitted with another name is refused, and the receipt has
    /// the reason.
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

    /// Returns the same scope with `event` as the cause of what it emits. Inside a handler the bus
    /// sets the cause itself: this is for work that a handler spawns.
    #[must_use]
    pub fn caused_by<S>(&self, event: &Event<S>) -> Self {
        let source = Source { cause: Some(event.link()), ..Source::clone(&self.source) };
        Self { source: Arc::new(source), scope: PhantomData }
    }

    /// Emits a kind that no file declares. `data` is a JSON object; the requirements of a declared
    /// kind are checked when it is read, not here.
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

    /// Returns the bus of the emitter.
    pub fn bus(&self) -> &EventBus {
        &self.source.bus
    }

    /// Returns the scope of its events.
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
