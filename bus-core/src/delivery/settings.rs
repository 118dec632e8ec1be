//! The settings of a bus, as delivery reads them.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::sync::Handle;

/// The settings that a bus was built with.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) history: usize,
    pub(crate) transient_history: usize,
    pub(crate) history_bytes: usize,
    pub(crate) latest: usize,
    pub(crate) max_concurrent_handlers: usize,
    pub(crate) chain_limit: u32,
    pub(crate) handler_timeout: Option<Duration>,
    pub(crate) slow_after: Duration,
    pub(crate) max_event_bytes: Option<usize>,
    pub(crate) runtime: Option<Handle>,
    /// Whether there is a store.
    pub(crate) stores: bool,
    pub(crate) store_queue_bytes: usize,
    /// The source of times, if it is not the system.
    pub(crate) clock: Option<Arc<dyn Clock>>,
}
