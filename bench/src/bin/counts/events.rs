//! The events whose publishing is counted.

use bus_core::{AgentEvent, EventBus};

/// Two of them.
#[derive(AgentEvent)]
pub(crate) enum Load {
    /// A text was received.
    Said {
        /// One allocation.
        text: String,
    },
    /// A payload without an allocation of its own.
    Ticked {
        /// Its number.
        count: u64,
    },
}

/// A bus with a history of this many events.
pub(crate) fn bus(history: usize) -> EventBus {
    let built = EventBus::builder().history(history).transient_history(history).build();
    built.expect("the settings are in order")
}
