//! What bus-core is compared with, each used as its own documentation shows.

mod asynchronous;
mod callbacks;
mod channels;

pub(crate) use asynchronous::asynchronous;
pub(crate) use callbacks::sync;
pub(crate) use channels::streams;
