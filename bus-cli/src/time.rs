//! Times and durations as a person reads them.

use std::time::{Duration, SystemTime};

/// The time of day in UTC, to the millisecond.
pub(crate) fn time_of_day(time: SystemTime) -> String {
    let since = since_epoch(time);
    let (seconds, millis) = (since.as_secs() % 86_400, since.subsec_millis());
    format!("{:02}:{:02}:{:02}.{millis:03}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// The time since 1970; none for an earlier one.
pub(crate) fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// A duration, rounded down to what matters of it.
pub(crate) fn length(duration: Duration) -> String {
    let millis = duration.as_millis();
    match millis {
        0 if !duration.is_zero() => format!("{} µs", duration.as_micros()),
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{}.{} s", millis / 1_000, millis / 100 % 10),
        60_000..3_600_000 => format!("{} min {} s", millis / 60_000, millis / 1_000 % 60),
        _ => format!("{} h {} min", millis / 3_600_000, millis / 60_000 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::length;
    use std::time::Duration;

    #[test]
    fn a_duration_is_as_long_as_it_reads() {
        let shown = [800, 12_000, 999_000, 1_250_000, 61_500_000, 7_260_000_000]
            .map(|micros| length(Duration::from_micros(micros)));
        assert_eq!(shown, ["800 µs", "12 ms", "999 ms", "1.2 s", "1 min 1 s", "2 h 1 min"]);
    }
}
