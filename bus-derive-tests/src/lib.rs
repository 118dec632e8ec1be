//! A definition that another crate publishes, for the tests beside it: its use outside of its own
//! crate needs a second crate.

pub mod strict;

use bus_core::AgentEvent;

/// A definition that its crate plans to extend.
#[derive(AgentEvent)]
#[events(prefix = "open.")]
#[non_exhaustive]
pub enum OpenEvents {
    /// A door is open.
    DoorOpened {
        /// Which door.
        door: String,
        /// How wide, if known.
        width: Option<u32>,
    },
}

/// The examples in the docs of the derive are compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../bus-macros/src/derive.md")]
pub struct Derive;
