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

use std::time::{Duration, SystemTime};

/// A point in time: nanoseconds since 1970, until 2554. One word, because events are moved often.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Moment(u64);

impl Moment {
    /// Returns the current time: the system's clock, or less than a microsecond off. It is some
    /// microseconds off if the thread was interrupted while it read the clock. On one thread it
    /// never decreases, unless the system's clock was set back.
    #[cfg(all(
        feature = "counter",
        target_os = "linux",
        target_arch = "x86_64",
        not(any(bus_loom, bus_shuttle))
    ))]
    #[inline]
    pub(crate) fn now() -> Self {
        Self(counter::now())
    }

    /// Returns the current time, by the system's clock.
    #[cfg(not(all(
        feature = "counter",
        target_os = "linux",
        target_arch = "x86_64",
        not(any(bus_loom, bus_shuttle))
    )))]
    pub(crate) fn now() -> Self {
        Self(system())
    }

    /// The same point, if it is between 1970 and 2554.
    pub(crate) fn of(time: SystemTime) -> Option<Self> {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        u64::try_from(since.as_nanos()).ok().map(Self)
    }

    pub(crate) fn time(self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(self.0)
    }
}

/// Returns the time of the system's clock. A machine whose time is before 1970 is at 1970.
fn system() -> u64 {
    Moment::of(SystemTime::now()).map_or(0, |now| now.0)
}
