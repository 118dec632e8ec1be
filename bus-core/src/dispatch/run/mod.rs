//! Running handlers: claims in place, drivers on their runtimes, and what is left to do when the order lock is gone.

pub(super) mod after;
pub(super) mod backlog;
pub(super) mod claim;
pub(super) mod context;
pub(super) mod desk;
pub(super) mod driver;
pub(super) mod handover;
pub(super) mod place;
pub(super) mod runner;
pub(super) mod watch;
