//! A typed event bus for agent runtimes.
//!
//! Declare events in one definition file with [`#[derive(AgentEvent)]`](macro@AgentEvent), emit
//! them through an [`Emitter`] that has their scope, and handle them typed.
//!
//! ```standalone_crate
//! use bus_core::{AgentEvent, Event, EventBus};
//!
//! #[derive(AgentEvent)]
//! pub enum BuildEvents {
//!     /// A target began to compile.
//!     #[event(requires(node))]
//!     TargetStarted { target: String },
//! }
//!
//! async fn on_start(event: Event<TargetStarted>) {
//!     println!("{} began at {}", event.target, event.node().unwrap_or("?"));
//! }
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() {
//!     let bus = EventBus::new();
//!     let _guard = bus.subscribe::<TargetStarted>().handle(on_start);
//!     let receipt = bus.stream("desk").node("planner").emit_target_started("app").await;
//!     assert_eq!(receipt.handled(), 1);
//! }
//! ```
//!
//! # Modules
//!
//! | module | content |
//! |---|---|
//! | [`catalogue`] | the facts about each kind, as its definition has them |
//! | [`wire`] | JSON, writing and reading |
//! | [`testing`] | a recorder of all events, and events without a bus, for your tests |
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
mod history;
mod json;
mod payload;
mod registry;
mod scope;
mod since;
mod stats;
mod subscribe;
mod sync;
pub mod testing;
pub mod wire;

pub use bus::{Close, CloseReport, EventBus, EventBusBuilder, Left};
#[cfg(feature = "derive")]
pub use bus_macros::AgentEvent;
pub use clock::Clock;
pub use delivery::{
    Counts, Draft, Finished, HandlerDone, HandlerResult, LagCause, Lagged, Observer, OpenPair, OpenPairs,
    Outcome, Overflow, Problem, Receipt,
};
pub use emit::{
    AnyEmitter, Emit, EmitDynamic, Emits, EmittableFrom, Emitter, ExecutionScoped, HasExecution, HasNode,
    NodeScoped, Scoped, Sent,
};
pub use error::{BoxError, BuildError, DuplicateKind, Refused, SubscribeError, WaitError};
pub use event::{AnyEvent, AnyKind, Event, EventId, InvalidEventId, ReadEvent, SubscriptionId};
pub use history::{HistoryQuery, LatestQuery};
pub use payload::{
    AgentEvent, DecodeError, DecodeReason, EncodeError, EventSet, FieldValue, IntoField, IntoObject, Object,
    Payload, Sticky,
};
pub use scope::{Execution, NoExecution, NoNode, Node, Scope};
pub use since::{InvalidSince, Since};
pub use stats::{Stats, SubscriptionStats};
pub use subscribe::{EventStream, EventsAndGaps, First, FirstWithin, Subscribe, Subscription, With};
#[cfg(bus_shuttle)]
#[doc(hidden)]
pub use sync::simulation;

/// The facts about each kind of event, as its definition has them: see
/// [`EventBus::catalogue`](crate::EventBus::catalogue).
pub mod catalogue {
    pub use crate::payload::{
        Descriptor, EndsWith, FieldDescriptor, Location, Package, Policy, Registration, Requires, Upcast,
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
