//! The current time.
//!
//! Asking the operating system costs more than the rest of a publish: the processor must first
//! finish all instructions that it has begun. On a processor with a counter that the kernel trusts,
//! a thread that publishes often asks once a millisecond, and reads the counter in between.

#[cfg(all(
    feature = "counter",
    target_os = "linux",
    target_arch = "x86_64",
    not(any(bus_loom, bus_shuttle))
))]
mod anchor;

use std::time::{Duration, SystemTime};

/// A point in time: nanoseconds since 1970, until 2554. One word, because events are moved often.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Moment(u64);

impl Moment {
    /// Returns the current time. Within a thread it never goes back unless the machine's clock is
    /// set back. It differs by less than a microsecond from that clock, by some microseconds if the
    /// thread was interrupted during the read.
    #[cfg(all(
        feature = "counter",
        target_os = "linux",
        target_arch = "x86_64",
        not(any(bus_loom, bus_shuttle))
    ))]
    #[inline]
    pub(crate) fn now() -> Self {
        Self(anchor::now())
    }

    /// Returns the current time.
    #[cfg(not(all(
        feature = "counter",
        target_os = "linux",
        target_arch = "x86_64",
        not(any(bus_loom, bus_shuttle))
    )))]
    pub(crate) fn now() -> Self {
        Self(asked())
    }

    /// The same as the machine's clock, if that is between 1970 and 2554.
    pub(crate) fn of(time: SystemTime) -> Option<Self> {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        u64::try_from(since.as_nanos()).ok().map(Self)
    }

    pub(crate) fn time(self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(self.0)
    }
}

/// The time of the operating system. A machine whose time is before 1970 is at 1970.
#[cold]
fn asked() -> u64 {
    Moment::of(SystemTime::now()).map_or(0, |now| now.0)
}
