//! Tests of the parts, below the bus.

mod envelope;
mod lines;
mod mutate;
mod scan;
mod time;
