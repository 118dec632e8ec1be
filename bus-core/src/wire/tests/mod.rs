//! Tests of the parts, below the bus.

mod corpus;
mod envelope;
mod lines;
mod scan;
mod time;
