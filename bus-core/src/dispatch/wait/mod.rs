//! Who waits for what became of an event, and for whom nobody can wait.

mod forgotten;
pub(super) mod receipt;
pub(super) mod ring;
pub(super) mod sent;
pub(super) mod ticket;
pub(super) mod waits;
