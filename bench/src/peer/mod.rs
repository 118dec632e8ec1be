//! The peers of bus-core, each used as its own documentation shows.

mod asynchronous;
mod callbacks;
mod channels;

pub(crate) use asynchronous::asynchronous;
pub(crate) use callbacks::sync;
pub(crate) use channels::streams;
