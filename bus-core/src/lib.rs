//! A typed event bus for agent runtimes.
