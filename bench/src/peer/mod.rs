//! The peers of bus-core, each used as its own documentation shows.
//!
//! A peer takes part in the workloads that it has a form for. abxbus and anycms-event have no
//! streams, so they have no readers; anycms-event has no sync handlers. kameo's handlers are
//! actors, and the readers of channels are tasks.

mod asynchronous;
mod callbacks;
mod channels;
mod pool;

pub(crate) use asynchronous::asynchronous;
pub(crate) use callbacks::sync;
pub(crate) use channels::streams;
