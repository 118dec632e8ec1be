//! Another definition file of the same crate.

#[derive(bus_core::AgentEvent)]
pub enum SecondEvents {
    SecondOpened { name: String },
}
