//! The time between two looks at the system's clock, by the processor's counter.
//!
//! The speed of the counter is measured by each thread, between two looks at the system's clock,
//! and used only where two measurements in a row agree. So nothing has to be tuned at the start, a
//! clock that is set or a machine that has slept is noticed within a millisecond, and a counter
//! that does not run evenly is never used.
//!
//! The counter may run ahead of the clock: where the clock is slewed, where the thread was
//! interrupted between the two looks, where it moved to a core whose counter is ahead. The thread
//! then reports the same time again until the clock has caught up. Only a clock that reads less
//! than it did before was set back, and is followed at once.

use std::cell::Cell;

/// For how long the counter is trusted after a look at the clock, in nanoseconds.
const PERIOD: u64 = 1_000_000;

/// How far apart two looks may be for the counter's speed to be measured between them.
const LONGEST: u64 = 16 * PERIOD;

/// Two measurements agree if they differ by less than one part in two to the power of this: a
/// quarter of a microsecond in a period.
const AGREEMENT: u32 = 12;

/// A thread's last look at the clock.
pub(super) struct Anchor {
    /// What the counter read then.
    ticks: Cell<u64>,
    /// What the clock read then, in nanoseconds since 1970.
    clock: Cell<u64>,
    /// Nanoseconds a tick, times two to the power of 32; 0 where it was never measured.
    rate: Cell<u64>,
    /// For how many ticks it may be used. None, unless the last two measurements agree.
    lasts: Cell<u64>,
    /// What was reported last: nothing less is, unless the clock was set back.
    last: Cell<u64>,
}

impl Anchor {
    pub(super) const fn new() -> Self {
        const fn zero() -> Cell<u64> {
            Cell::new(0)
        }
        Self { ticks: zero(), clock: zero(), rate: zero(), lasts: zero(), last: zero() }
    }

    /// By how many ticks two looks at the counter may be apart, with one at the clock between them;
    /// any number is few enough where the counter is not used.
    pub(super) fn slack(&self) -> u64 {
        match self.lasts.get() {
            0 => u64::MAX,
            lasts => lasts >> AGREEMENT,
        }
    }

    /// The time by the counter alone, if the last look at the clock is not too long ago.
    #[inline]
    pub(super) fn at(&self, ticks: u64) -> Option<u64> {
        let since = ticks.wrapping_sub(self.ticks.get());
        let near = since < self.lasts.get();
        near.then(|| self.report(self.clock.get() + ((since * self.rate.get()) >> 32)))
    }

    /// Notes what the clock reads, and returns the time.
    pub(super) fn look(&self, ticks: u64, clock: u64) -> u64 {
        if clock < self.clock.get() {
            self.last.set(clock); // the clock was set back
        }
        // Either may have been set back: then these are huge.
        let gone = clock.wrapping_sub(self.clock.get());
        if self.lasts.get() == 0 && gone < PERIOD {
            return self.report(clock); // too short a time to measure anything by
        }
        self.measure(gone, ticks.wrapping_sub(self.ticks.get()));
        self.ticks.set(ticks);
        self.clock.set(clock);
        self.report(clock)
    }

    /// Measures the counter's speed by what has gone since the last look, in nanoseconds and ticks.
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

    /// Returns `now`, or what was reported last where that is more.
    #[inline]
    fn report(&self, now: u64) -> u64 {
        let now = now.max(self.last.get());
        self.last.set(now);
        now
    }
}

#[cfg(test)]
mod tests;
