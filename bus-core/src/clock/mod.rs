//! The time of an event: the system's clock.
//!
//! With the feature `counter`, on a processor with a counter that the kernel trusts, a thread that
//! publishes often asks the system once a millisecond and reads the counter in between, because
//! asking costs more than the rest of a publish. Without the feature each time is the system's own.

// Its tests need no counter: they run whatever the features are.
#[cfg(any(
    test,
    all(feature = "counter", target_os = "linux", target_arch = "x86_64", not(any(bus_loom, bus_shuttle)))
))]
mod anchor;
#[cfg(all(
    feature = "counter",
    target_os = "linux",
    target_arch = "x86_64",
    not(any(bus_loom, bus_shuttle))
))]
mod counter;

use std::time::SystemTime;

/// A source of the time of events, for [`EventBusBuilder::clock`](crate::EventBusBuilder::clock): a
/// closure, or one of [`testing`](crate::testing).
///
/// It is asked on the publishing thread, outside the bus's lock. If it panics, the system's time is
/// taken.
pub trait Clock: Send + Sync + 'static {
    /// Returns the current time.
    fn now(&self) -> SystemTime;
}

impl<F: Fn() -> SystemTime + Send + Sync + 'static> Clock for F {
    fn now(&self) -> SystemTime {
        self()
    }
}

/// Returns the current time: the system's clock, or less than a microsecond off. It is some
/// microseconds off if the thread was interrupted while it read the clock. On one thread it never
/// decreases, unless the system's clock was set back.
#[cfg(all(
    feature = "counter",
    target_os = "linux",
    target_arch = "x86_64",
    not(any(bus_loom, bus_shuttle))
))]
#[inline]
pub(crate) fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + std::time::Duration::from_nanos(counter::now())
}

/// Returns the current time, by the system's clock.
#[cfg(not(all(
    feature = "counter",
    target_os = "linux",
    target_arch = "x86_64",
    not(any(bus_loom, bus_shuttle))
)))]
#[inline]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}
