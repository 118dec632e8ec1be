//! Tests of the parts, below the bus.

mod envelope;
mod lines;
mod scan;
mod time;
