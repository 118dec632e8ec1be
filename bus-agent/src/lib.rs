//! The events of an agent runtime, declared once for `bus-core`.
//!
//! A runtime runs executions over a graph of nodes; each node is a loop of a model that streams
//! text and calls tools. These events report its work. Kinds and fields are those of the Python
//! runtime, so that a session which it recorded reads as typed events.
//!
//! ```
//! use bus_agent::AgentEventsEmit;
//! use bus_core::EventBus;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let bus = EventBus::new();
//! let node = bus.stream("desk").execution("exec-1").node("research");
//! let input = bus_core::object! { "query": "why" };
//! node.emit_tool_call_started("call-1", "search").tool_input(input).await;
//! node.emit_tool_call_completed("call-1", "search").result("because").await;
//! # }
//! ```

mod events;

pub use events::*;

/// The code in the README is compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
