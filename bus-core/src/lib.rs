//! A typed event bus for agent runtimes.

pub mod payload;

pub mod wire;
pub use wire::{LineCause, LineError, ReadError, ReadProblem, Zone, ZoneError};
