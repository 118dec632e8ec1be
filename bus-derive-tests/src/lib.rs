//! Definitions as another crate publishes them, for the tests beside this: what a definition means outside of its own
//! crate can only be seen from one.

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
    /// All doors are shut.
    DoorsShut,
}

/// A module whose definition has the name that definitions of other crates have too.
pub mod twin {
    use bus_core::AgentEvent;

    /// Called as one in the tests.
    #[derive(AgentEvent)]
    #[events(prefix = "outer.")]
    pub enum TwinEvents {
        /// Called as one in the tests.
        TwinBorn {
            /// Its name.
            name: String,
        },
    }
}
