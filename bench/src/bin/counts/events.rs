//! The events whose publishing is counted.

use bus_core::{AgentEvent, EventBus};

/// Two of them.
#[derive(AgentEvent)]
pub(crate) enum Load {
    /// Somebody said something.
    Said {
        /// One allocation.
        text: String,
    },
    /// A payload without an allocation of its own.
    Ticked {
        /// Which one.
        count: u64,
    },
}

/// A bus that keeps that many events.
pub(crate) fn bus(history: usize) -> EventBus {
    let built = EventBus::builder().history(history).transient_history(history).build();
    built.expect("the settings are in order")
}
