//! A bus with a scope.

use std::marker::PhantomData;
use std::panic::Location;
use std::sync::Arc;

use super::{EmitDynamic, Source};
use crate::bus::EventBus;
use crate::event::Event;
use crate::scope::{Execution, Id, NoExecution, NoNode, Node, PARENT_EXECUTION, Scope};

/// A bus with a scope. Its type says whether it has a node and an execution. Emit helpers are
/// methods of it.
///
/// A clone is cheap and shares the scope. Methods that set a part of the scope return a new emitter
/// and do not change this one. An emitter keeps its bus alive.
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
    /// Makes an emitter for a stream. Every event belongs to one.
    #[doc(alias("emit", "publish"))]
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

    /// Sets the node.
    pub fn node(&self, id: impl Into<String>) -> Emitter<Node, X> {
        self.change(|scope| scope.node = Some(Id::new(id)))
    }

    /// Sets the execution.
    pub fn execution(&self, id: impl Into<String>) -> Emitter<N, Execution> {
        self.change(|scope| scope.execution = Some(Id::new(id)))
    }

    /// Sets the node if there is one. The type does not change, so events that need a node still do
    /// not compile.
    #[must_use]
    pub fn maybe_node(&self, id: Option<impl Into<String>>) -> Self {
        self.change(|scope| scope.node = id.map(Id::new).or_else(|| scope.node.take()))
    }

    /// Sets the execution if there is one. The type does not change, so events that need an
    /// execution still do not compile.
    #[must_use]
    pub fn maybe_execution(&self, id: Option<impl Into<String>>) -> Self {
        self.change(|scope| scope.execution = id.map(Id::new).or_else(|| scope.execution.take()))
    }

    /// Sets the correlation, which related events share.
    #[must_use]
    pub fn correlation(&self, id: impl Into<String>) -> Self {
        self.change(|scope| scope.correlation = Some(Id::new(id)))
    }

    /// Sets the correlation if there is one.
    #[must_use]
    pub fn maybe_correlation(&self, id: Option<impl Into<String>>) -> Self {
        self.change(|scope| scope.correlation = id.map(Id::new).or_else(|| scope.correlation.take()))
    }

    /// Sets an open attribute, such as `graph_id`.
    ///
    /// An attribute is a key of the event's JSON. So its name is none of the envelope's keys, and
    /// has at most 64 KiB. An event with another name is refused:
    /// [`Refused::ReservedAttribute`](crate::Refused::ReservedAttribute) or
    /// [`Refused::LongAttribute`](crate::Refused::LongAttribute).
    #[must_use]
    pub fn attribute(&self, name: &str, value: impl Into<String>) -> Self {
        self.change(|scope| scope.set_open_attribute(name, value))
    }

    /// Sets the cause of the events that are emitted. Inside a handler the cause is the handled
    /// event without it: this is for work that a handler spawns.
    #[must_use]
    pub fn caused_by<S>(&self, event: &Event<S>) -> Self {
        let source = Source { cause: Some(event.link()), ..Source::clone(&self.source) };
        Self { source: Arc::new(source), scope: PhantomData }
    }

    /// Emits an event by the name of its kind, declared or not. `data` is a JSON object. Data that
    /// does not fit the type of a declared kind is published all the same, but handlers of that
    /// type do not get it: [`Event::decode_error`] says why, and so does a warning with the place
    /// of the call, once for each kind.
    ///
    /// An empty kind, a kind over 256 bytes, and data that no reader would take are refused with
    /// [`Refused::InvalidData`](crate::Refused::InvalidData).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let bus = bus_core::EventBus::new();
    /// bus.stream("desk").emit_dynamic("vendor_kind", serde_json::json!({ "answer": 42 })).await;
    /// assert_eq!(bus.stats().published["vendor_kind"], 1);
    /// # }
    /// ```
    #[track_caller]
    pub fn emit_dynamic(&self, kind: impl Into<String>, data: serde_json::Value) -> EmitDynamic {
        EmitDynamic::new(&self.source, kind.into(), data, Location::caller())
    }

    /// Returns the bus that it emits to.
    pub fn bus(&self) -> &EventBus {
        &self.source.bus
    }

    /// Returns the scope of its events.
    pub fn scope(&self) -> &Scope {
        &self.source.scope
    }
}

impl<N> Emitter<N, Execution> {
    /// Sets the execution to one that this execution begins, such as that of a sub-agent. Its
    /// events have this execution as the attribute `parent_execution_id`, which
    /// [`Event::parent_execution`] returns and `.parent_execution(id)` filters by.
    ///
    /// ```
    /// let bus = bus_core::EventBus::new();
    /// let run = bus.stream("desk").execution("exec-1");
    /// let research = run.child_execution("exec-1-research");
    /// assert_eq!(research.scope().execution(), Some("exec-1-research"));
    /// assert_eq!(research.scope().parent_execution(), Some("exec-1"));
    /// ```
    #[must_use]
    pub fn child_execution(&self, id: impl Into<String>) -> Self {
        self.change(|scope| {
            if let Some(parent) = scope.execution.replace(Id::new(id)) {
                scope.set_attribute(PARENT_EXECUTION, parent.as_str());
            }
        })
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
