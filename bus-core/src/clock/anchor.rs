//! The time between two reads of the system's clock, by the processor's counter.
//!
//! Each thread measures the speed of the counter between two reads of the system's clock, and uses
//! it only if two measurements in a row agree. So nothing has to be tuned at the start, a clock
//! that was set or a machine that slept is noticed within a millisecond, and an uneven counter is
//! never used.
//!
//! The counter may run ahead of the clock: if the clock is slewed, if the thread was interrupted
//! between the two reads, or if it moved to a core whose counter is ahead. The thread then reports
//! the same time again until the clock has caught up. Only a clock that reads less than before was
//! set back, and is followed at once.

use std::cell::Cell;

/// The time for which the counter is trusted after a read of the clock, in nanoseconds.
const PERIOD: u64 = 1_000_000;

/// The longest time between two reads for a measurement of the counter's speed.
const LONGEST: u64 = 16 * PERIOD;

/// Two measurements agree if they differ by less than one part in two to the power of this: a
/// quarter of a microsecond in a period.
const AGREEMENT: u32 = 12;

/// A thread's last read of the clock.
pub(super) struct Anchor {
    /// The ticks of the counter at that time.
    ticks: Cell<u64>,
    /// The time of the clock, in nanoseconds since 1970.
    clock: Cell<u64>,
    /// Nanoseconds per tick, times two to the power of 32; 0 if it was never measured.
    rate: Cell<u64>,
    /// The number of ticks that it may be used for. 0 unless the last two measurements agree.
    lasts: Cell<u64>,
    /// The last reported time: no smaller one is reported, unless the clock was set back.
    last: Cell<u64>,
}

impl Anchor {
    pub(super) const fn new() -> Self {
        const fn zero() -> Cell<u64> {
            Cell::new(0)
        }
        Self { ticks: zero(), clock: zero(), rate: zero(), lasts: zero(), last: zero() }
    }

    /// The most ticks between two reads of the counter with one of the clock between them; any
    /// number is small enough if the counter is not used.
    pub(super) fn slack(&self) -> u64 {
        match self.lasts.get() {
            0 => u64::MAX,
            lasts => lasts >> AGREEMENT,
        }
    }

    /// The time by the counter alone, if the last read of the clock is recent enough.
    #[inline]
    pub(super) fn at(&self, ticks: u64) -> Option<u64> {
        let since = ticks.wrapping_sub(self.ticks.get());
        let near = since < self.lasts.get();
        near.then(|| self.report(self.clock.get() + ((since * self.rate.get()) >> 32)))
    }

    /// Records the time of the clock, and returns the time.
    pub(super) fn look(&self, ticks: u64, clock: u64) -> u64 {
        if clock < self.clock.get() {
            self.last.set(clock); // the clock was set back
        }
        // If either was set back, these are huge.
        let gone = clock.wrapping_sub(self.clock.get());
        if self.lasts.get() == 0 && gone < PERIOD {
            return self.report(clock); // too short a time to measure anything by
        }
        self.measure(gone, ticks.wrapping_sub(self.ticks.get()));
        self.ticks.set(ticks);
        self.clock.set(clock);
        self.report(clock)
    }

    /// Measures the counter's speed by the nanoseconds and ticks since the last read.
    fn measure(&self, gone: u64, since: u64) {
        let before = self.rate.get();
        let rate = if ((PERIOD / 2)..LONGEST).contains(&gone) {
            (gone << 32).checked_div(since).filter(|rate| *rate != 0)
        } else {
            None
        };
        let agreed = rate.filter(|rate| rate.abs_diff(before) <= before >> AGREEMENT);
        self.lasts.set(agreed.map_or(0, |rate| (PERIOD << 32) / rate));
        self.rate.set(rate.unwrap_or(before));
    }

    /// Returns `now`, or the last reported time if that is greater.
    #[inline]
    fn report(&self, now: u64) -> u64 {
        let now = now.max(self.last.get());
        self.last.set(now);
        now
    }
}

#[cfg(test)]
mod tests;
