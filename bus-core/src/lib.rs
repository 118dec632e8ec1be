//! A typed event bus for agent runtimes.

pub mod payload;
