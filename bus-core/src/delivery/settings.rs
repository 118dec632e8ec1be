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

/// The shortest threshold has this many ticks, so that a warning is late by about an eighth of it.
const TICKS: u32 = 16;

/// No tick is longer, so that its end is a time that every system can name.
const LONGEST: Duration = Duration::from_mins(1);

/// The thresholds of a bus in ticks of its watch.
pub(crate) struct Thresholds {
    /// The length of a tick, unless there is nothing to look for.
    pub(crate) period: Option<Duration>,
    pub(crate) slow_after: u64,
    pub(crate) handler_timeout: u64,
}

impl Thresholds {
    pub(crate) fn of(settings: &Settings) -> Self {
        let slow_after = Some(settings.slow_after).filter(|threshold| !threshold.is_zero());
        let shortest = slow_after.into_iter().chain(settings.handler_timeout).min();
        let period = shortest.map(|shortest| (shortest / TICKS).clamp(Duration::from_nanos(1), LONGEST));
        let ticks = |threshold: Option<Duration>| {
            let ticks = threshold?.as_nanos().div_ceil(period?.as_nanos());
            u64::try_from(ticks).ok()
        };
        let [slow_after, handler_timeout] =
            [slow_after, settings.handler_timeout].map(|threshold| ticks(threshold).unwrap_or(u64::MAX));
        Self { period, slow_after, handler_timeout }
    }

    pub(crate) fn is_slow(&self, since: u64, tick: u64) -> bool {
        tick.saturating_sub(since) > self.slow_after
    }
}
