//! The time of an event: the system's clock.
//!
//! With the feature `counter`, where the processor has a counter that the kernel trusts, a thread
//! that publishes often asks the system once a millisecond and reads the counter in between: asking
//! costs a publish more than anything else that it does alone. Without the feature each time is the
//! system's own.

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
    /// Now: the system's clock, or less than a microsecond off. It is some microseconds off where
    /// the thread was interrupted as it looked at the clock. On one thread it never decreases,
    /// unless the system's clock was set back.
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

    /// Now, by the system's clock.
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

/// The system's clock. A machine that believes it is before 1970 is at its beginning.
fn system() -> u64 {
    Moment::of(SystemTime::now()).map_or(0, |now| now.0)
}
