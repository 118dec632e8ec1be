//! A definition as another crate publishes it, for the tests beside this: what it means outside of its own crate can only
//! be seen from one.

pub mod strict;

use bus_core::AgentEvent;

/// A definition that its crate means to extend.
#[derive(AgentEvent)]
#[events(prefix = "open.")]
#[non_exhaustive]
pub enum OpenEvents {
    /// A door is open.
    DoorOpened {
        /// Which door.
        door: String,
        /// How wide, where known.
        width: Option<u32>,
    },
}
