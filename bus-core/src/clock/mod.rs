//! What time it is.
//!
//! To ask the operating system costs more than all else that a publish does alone: the processor must first finish whatever it has begun. Where the processor has a
//! counter that the kernel itself trusts, a thread that publishes often asks once a millisecond, and reads the counter in between.

#[cfg(all(
    feature = "counter",
    target_os = "linux",
    target_arch = "x86_64",
    not(any(bus_loom, bus_shuttle))
))]
mod anchor;

use std::time::{Duration, SystemTime};

/// A point in time: nanoseconds since 1970, until 2554. One word, because events are moved about.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Moment(u64);

impl Moment {
    /// Now. Within a thread it never runs back unless the machine's clock is put back, and it is less than a microsecond from that: some microseconds where the thread was interrupted just as it looked there.
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

    /// Now.
    #[cfg(not(all(
        feature = "counter",
        target_os = "linux",
        target_arch = "x86_64",
        not(any(bus_loom, bus_shuttle))
    )))]
    pub(crate) fn now() -> Self {
        Self(asked())
    }

    /// The same as the machine's clock tells it, if it is between 1970 and 2554.
    pub(crate) fn of(time: SystemTime) -> Option<Self> {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        u64::try_from(since.as_nanos()).ok().map(Self)
    }

    pub(crate) fn time(self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(self.0)
    }
}

/// What the operating system says. A machine that believes it is before 1970 is at its beginning.
#[cold]
fn asked() -> u64 {
    Moment::of(SystemTime::now()).map_or(0, |now| now.0)
}
