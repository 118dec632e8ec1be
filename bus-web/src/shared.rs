//! The state that all routes share.

use bus_core::EventBus;
use tokio::sync::watch;

use crate::access::Access;
use crate::guard::Hosts;

/// The state that all routes share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) bus: EventBus,
    pub(crate) access: Access,
    pub(crate) hosts: Hosts,
    /// Becomes true when the server shuts down: open answers end then.
    pub(crate) closing: watch::Sender<bool>,
}

impl Shared {
    pub(crate) fn new(bus: EventBus, access: Access) -> Self {
        Self { bus, access, hosts: Hosts::default(), closing: watch::Sender::new(false) }
    }
}
