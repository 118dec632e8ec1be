//! A typed event bus for agent runtimes.
//!
//! Declare events in one definition file with [`#[derive(AgentEvent)]`](macro@AgentEvent), emit
//! them through an [`Emitter`] that has their scope, and handle them typed.
//!
//! # Install
//!
//! ```toml
//! [dependencies]
//! bus-core = { package = "agent-events-core", version = "0.1" }
//! tokio = { version = "1", features = ["macros", "rt-multi-thread"] }
//! ```
//!
//! Features: `derive` (on) has the derive, `inventory` (on) lets linked definition files register
//! themselves, `schema` adds JSON Schema of field types, and `counter` takes the time of an event
//! from the processor's counter (Linux on x86-64).
//!
//! # First event
//!
//! ```standalone_crate
//! use std::sync::Arc;
//! use std::sync::atomic::{AtomicU32, Ordering};
//!
//! use bus_core::{AgentEvent, EventBus};
//!
//! #[derive(AgentEvent)]
//! pub enum BuildEvents {
//!     /// A target is done.
//!     #[event(requires(node))]
//!     TargetFinished { target: String, warnings: u32 },
//! }
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() {
//!     let bus = EventBus::new();
//!     // The subscription lives as long as its guard.
//!     let _log = bus.subscribe::<TargetFinished>().handle(async |event| {
//!         println!("{} at {}", event.target, event.node().unwrap_or("?"));
//!     });
//!     // A handler that needs a value gets a clone of it with each call.
//!     let total = Arc::new(AtomicU32::new(0));
//!     let finished = bus.subscribe::<TargetFinished>();
//!     let _sum = finished.with(total.clone()).handle(async |total, event| {
//!         total.fetch_add(event.warnings, Ordering::Relaxed);
//!     });
//!
//!     let linker = bus.stream("build").node("linker");
//!     let receipt = linker.emit_target_finished("app", 2).await; // waits for both handlers
//!     assert_eq!((receipt.handled(), total.load(Ordering::Relaxed)), (2, 2));
//!     linker.emit_target_finished("lib", 0).send(); // does not wait
//! }
//! ```
//!
//! # Wait or not
//!
//! [`.send()`](Emit::send) publishes and returns at once. An emit that is awaited publishes, waits
//! for the handlers that it reached, and yields the [`Receipt`]; streams are not waited for.
//!
//! Ten async handlers are at work at once over the whole bus, unless
//! [`max_concurrent_handlers`](EventBusBuilder::max_concurrent_handlers) is set. One that takes
//! longer than 60 seconds for an event is ended, unless [`Subscribe::timeout`] or
//! [`handler_timeout`](EventBusBuilder::handler_timeout) sets another limit or none; a slow one is
//! named in a `tracing` warning.
//!
//! # Filters
//!
//! [`subscribe`](EventBus::subscribe) takes a payload, a tuple of payloads or a definition;
//! [`subscribe_any`](EventBus::subscribe_any) takes kinds by name. [`Subscribe`] narrows it to
//! parts of the scope, by a closure or by a [`Filter`], which can be read from text, and ends in
//! [`handle`](Subscribe::handle), [`handle_sync`](Subscribe::handle_sync),
//! [`into_stream`](Subscribe::into_stream) or [`first`](Subscribe::first), or in
//! [`reply`](Subscribe::reply) for an event that its handlers answer.
//!
//! # Scope
//!
//! The type of an [`Emitter`] has its scope: an event that requires a node cannot be emitted
//! without one. Your own context types get every emit helper by implementing [`Scoped`].
//!
//! # Streams and gaps
//!
//! An [`EventStream`] is read at its own speed. Its queue is bounded, and an [`Overflow`] is
//! chosen for each subscription. A gap is a [`Lagged`]:
//! [`with_gaps`](EventStream::with_gaps) yields it, the log and [`Stats`] have it too.
//!
//! # History
//!
//! [`EventBus::history`] asks for past events. [`Subscribe::since`] begins in the past, at a
//! [`Since`], and goes on live without a gap.
//!
//! # Batches
//!
//! [`Subscribe::batch`] calls a handler with several events at once, as a [`Batch`].
//! [`Subscribe::dedicated`] lets a store or an exporter depend on no other handler.
//!
//! # Wire
//!
//! [`Event::to_json`] writes an event, [`EventBus::read_json`] reads one, and
//! [`EventBus::republish`] publishes it again. Reading loses nothing. The module [`wire`] has more.
//!
//! # Shutdown
//!
//! [`EventBus::close`] refuses new events, drains the queues, waits for handlers, and reports what
//! was left.
//!
//! # Modules
//!
//! | module | content |
//! |---|---|
//! | [`filter`] | filters as values and as text |
//! | [`store`] | where a bus records its events, so that they outlive the process |
//! | [`catalogue`] | the facts about each kind, as its definition has them |
//! | [`wire`] | JSON, writing and reading |
//! | [`testing`] | for your tests: a recorder, events without a bus, ids and times that repeat, and a comparison with a recorded run |
#![cfg_attr(docsrs, feature(doc_cfg))]
// No public function returns a type that a user cannot name.
#![warn(unnameable_types)]

// `SystemTime::now` and `thread::spawn` panic on this target, so `EventBus::new` would end the
// program.
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
compile_error!(
    "bus-core does not work on wasm32-unknown-unknown: that target has no clock and no threads, and every event has a time; \
     build for a target with an operating system, or keep the bus on the server and send the page its JSON (`Event::to_json`)"
);

mod bus;
mod clock;
mod delivery;
mod emit;
mod error;
mod event;
mod excerpt;
mod execution;
pub mod filter;
mod history;
mod json;
mod lagged;
mod payload;
mod registry;
mod scope;
mod since;
mod stats;
pub mod store;
mod subscribe;
mod sync;
pub mod testing;
mod time;
pub mod wire;

pub use bus::{Close, CloseReport, EventBus, EventBusBuilder, Left, Unrecorded};
#[cfg(feature = "derive")]
pub use bus_macros::AgentEvent;
pub use clock::Clock;
pub use delivery::{
    Batch, BatchError, BatchResult, Counts, Draft, Finished, HandlerDone, HandlerResult, LagCause, Lagged,
    Observer, OpenPair, OpenPairs, Outcome, Overflow, Problem, Receipt, Recorded, Reply, Retry,
};
pub use emit::{
    AllReplies, AnyEmitter, Emit, EmitDynamic, Emits, EmittableFrom, Emitter, ExecutionScoped, FirstReply,
    HasExecution, HasNode, NodeScoped, Replies, ReplyError, Scoped, Sent,
};
pub use error::{BoxError, BuildError, DuplicateKind, Refused, SubscribeError, WaitError};
pub use event::{AnyEvent, AnyKind, Event, EventId, InvalidEventId, ReadEvent, SubscriptionId};
pub use execution::{ExecutionState, ExecutionSummary, Executions};
pub use filter::Filter;
pub use history::{HistoryQuery, LatestQuery};
pub use payload::{
    AgentEvent, DecodeError, DecodeReason, EncodeError, EventSet, FieldValue, IntoField, IntoObject, Object,
    Payload, Request, Sticky,
};
pub use scope::{Execution, NoExecution, NoNode, Node, Scope};
pub use since::{InvalidSince, Since};
pub use stats::{ConsumerStats, Stats, StoreStats, SubscriptionStats};
pub use subscribe::{
    Batches, CaughtUp, EventStream, EventsAndGaps, First, FirstWithin, IntoReply, Single, Subscribe,
    Subscription, With,
};
#[cfg(bus_shuttle)]
#[doc(hidden)]
pub use sync::simulation;

/// Whether this thread is in a handler or a callback of a bus.
#[cfg(bus_shuttle)]
#[doc(hidden)]
pub fn is_inside() -> bool {
    delivery::nesting() > 0
}

/// The facts about each kind of event, as its definition has them: see
/// [`EventBus::catalogue`](crate::EventBus::catalogue).
pub mod catalogue {
    pub use crate::payload::{
        Descriptor, EndsWith, FieldDescriptor, Life, Location, Package, Policy, Registration, Requires,
        Upcast,
    };
    pub use crate::registry::Catalogue;
}

/// Names for the code of the derive. Not part of the interface: they change without notice.
#[doc(hidden)]
pub mod __private {
    pub use crate::emit::emit;
    pub use crate::payload::*;
    pub use crate::scope::{Execution, NoExecution, NoNode, Node};
    pub use serde;
}

/// The code in the README of this package is compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
