//! The state that all routes share.

use bus_core::EventBus;
use tokio::sync::watch;

use crate::access::Access;
use crate::agui::Agui;
use crate::events::Frames;
use crate::guard::Hosts;

/// The state that all routes share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) bus: EventBus,
    pub(crate) access: Access,
    pub(crate) hosts: Hosts,
    /// The agent, and its runs.
    pub(crate) agui: Agui,
    /// The frames of events that several readers get.
    pub(crate) frames: Frames,
    /// Becomes true when the server shuts down: open answers end then.
    pub(crate) closing: watch::Sender<bool>,
}

impl Shared {
    pub(crate) fn new(bus: EventBus, access: Access) -> Self {
        Self {
            bus,
            access,
            hosts: Hosts::default(),
            agui: Agui::default(),
            frames: Frames::default(),
            closing: watch::Sender::new(false),
        }
    }

    /// Waits until the server shuts down. It does not hold what it was made from.
    pub(crate) fn closed(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut closing = self.closing.subscribe();
        async move {
            // An error means that nobody can shut it down any more; the answer goes on then.
            if closing.wait_for(|closing| *closing).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}
