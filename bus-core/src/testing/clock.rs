//! Clocks for tests, and a bus whose ids and times are the same each time.

use std::time::{Duration, SystemTime};

use crate::bus::{EventBus, EventBusBuilder};
use crate::clock::Clock;
use crate::sync::{AtomicU64, Ordering};

/// 2026-01-01T00:00:00Z, from 1970 on.
const START: Duration = Duration::from_hours(490_896);

/// Returns a builder of a bus whose ids and times are the same each time: its run is 1, and its
/// events have the times of a [`StepClock`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let bus = bus_core::testing::builder().build().unwrap();
/// bus.stream("desk").emit_dynamic("asked", serde_json::json!({})).await;
/// assert_eq!(
///     bus.history().collect()[0].to_json(),
///     concat!(
///         r#"{"type":"asked","stream_id":"desk","node_id":null,"execution_id":null,"data":{},"#,
///         r#""timestamp":"2026-01-01T00:00:00.000000+00:00","correlation_id":null,"#,
///         r#""id":"0000000000000001-1","seq":1,"version":null,"causation_id":null}"#,
///     )
/// );
/// # }
/// ```
pub fn builder() -> EventBusBuilder {
    EventBus::builder().run(1).clock(StepClock::default())
}

/// A clock that is a step further each time it is asked. Unless set, it begins at
/// 2026-01-01T00:00:00Z and goes in steps of a millisecond.
#[derive(Debug)]
pub struct StepClock {
    start: SystemTime,
    step: Duration,
    steps: AtomicU64,
}

impl StepClock {
    /// Makes a clock that begins at `start`. With a step of zero it stands still.
    pub fn new(start: SystemTime, step: Duration) -> Self {
        Self { start, step, steps: AtomicU64::new(0) }
    }
}

impl Default for StepClock {
    fn default() -> Self {
        Self::new(SystemTime::UNIX_EPOCH + START, Duration::from_millis(1))
    }
}

impl Clock for StepClock {
    fn now(&self) -> SystemTime {
        let steps = u32::try_from(self.steps.fetch_add(1, Ordering::Relaxed)).unwrap_or(u32::MAX);
        self.start + self.step * steps
    }
}

/// A clock that goes with tokio's, so that paused time stands still and `tokio::time::advance`
/// moves the times of events on.
///
/// ```
/// use std::time::Duration;
/// use bus_core::testing::TokioClock;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), bus_core::BuildError> {
/// tokio::time::pause();
/// let bus = bus_core::EventBus::builder().clock(TokioClock::default()).build()?;
/// bus.stream("desk").emit_dynamic("asked", serde_json::json!({})).await;
/// tokio::time::advance(Duration::from_secs(60)).await;
/// bus.stream("desk").emit_dynamic("answered", serde_json::json!({})).await;
/// let times: Vec<_> = bus.history().collect().iter().map(|event| event.timestamp()).collect();
/// assert_eq!(times[0].duration_since(times[1]).unwrap(), Duration::from_secs(60));
/// # Ok(()) }
/// ```
#[cfg(not(bus_shuttle))]
#[derive(Debug, Clone, Copy)]
pub struct TokioClock {
    start: SystemTime,
    began: tokio::time::Instant,
}

#[cfg(not(bus_shuttle))]
impl TokioClock {
    /// Makes a clock at which it is `start` now.
    pub fn new(start: SystemTime) -> Self {
        Self { start, began: tokio::time::Instant::now() }
    }
}

/// A clock at which it is 2026-01-01T00:00:00Z now.
#[cfg(not(bus_shuttle))]
impl Default for TokioClock {
    fn default() -> Self {
        Self::new(SystemTime::UNIX_EPOCH + START)
    }
}

#[cfg(not(bus_shuttle))]
impl Clock for TokioClock {
    fn now(&self) -> SystemTime {
        self.start + self.began.elapsed()
    }
}
