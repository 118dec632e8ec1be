//! The time from the processor's counter.
//!
//! No source tells how fast the counter runs: each thread measures it between two reads of the
//! clock, and trusts it only if two measurements in a row agree. So no start-up calibration is
//! needed, an adjusted clock or a machine that was suspended is noticed within a millisecond, and a
//! counter that does not run evenly is never used.

use std::cell::Cell;
use std::sync::OnceLock;

use fast_clock::Clock;
use fast_clock::tsc::Tsc;

/// How long the counter is trusted after a read of the clock, in nanoseconds.
const PERIOD: u64 = 1_000_000;

/// The largest distance of two clock reads between which the counter's speed is measured.
const LONGEST: u64 = 16 * PERIOD;

/// Two measurements agree if they differ by less than one part in two to the power of this: a
/// quarter of a microsecond in one period.
const AGREEMENT: u32 = 12;

/// A thread's last read of the clock.
#[derive(Clone, Copy)]
struct Anchor {
    /// The counter at that moment.
    ticks: u64,
    /// The clock at that moment, in nanoseconds since 1970.
    at: u64,
    /// Nanoseconds for each tick, times two to the power of 32; 0 if it was never measured.
    rate: u64,
    /// The number of ticks that it may be used for. 0 unless the last two measurements agree.
    lasts: u64,
}

thread_local! {
    static COUNTER: Cell<Option<Tsc>> = const { Cell::new(None) };
    static ANCHOR: Cell<Anchor> = const { Cell::new(Anchor::NONE) };
}

/// Nanoseconds since 1970.
#[inline]
pub(super) fn now() -> u64 {
    let Some(counter) = COUNTER.get() else { return first() };
    let ticks = counter.now().to_ticks();
    let held = ANCHOR.get();
    held.at(ticks).unwrap_or_else(|| look(held, counter))
}

/// The first clock read of a thread. If the kernel does not trust the counter, each read is a first
/// one.
#[cold]
fn first() -> u64 {
    static TRUSTED: OnceLock<Option<Tsc>> = OnceLock::new();
    COUNTER.set(*TRUSTED.get_or_init(|| Tsc::try_new_linux_sys().ok()));
    super::asked()
}

/// Reads both. A thread that is interrupted between the two reads again, but not for ever.
#[cold]
fn look(mut held: Anchor, counter: Tsc) -> u64 {
    let tick = || counter.now().to_ticks();
    let mut seen = (tick(), super::asked());
    for _ in 0..2 {
        if tick().wrapping_sub(seen.0) <= held.lasts >> AGREEMENT || held.lasts == 0 {
            break;
        }
        seen = (tick(), super::asked());
    }
    let at = held.look(seen.0, seen.1);
    ANCHOR.set(held);
    at
}

impl Anchor {
    const NONE: Self = Self { ticks: 0, at: 0, rate: 0, lasts: 0 };

    /// The time by the counter alone, if the last clock read is not too long ago.
    #[inline]
    fn at(&self, ticks: u64) -> Option<u64> {
        let since = ticks.wrapping_sub(self.ticks);
        (since < self.lasts).then(|| self.at + ((since * self.rate) >> 32))
    }

    /// Records the time of the clock, and returns it.
    fn look(&mut self, ticks: u64, clock: u64) -> u64 {
        // If either was set back, these are huge.
        let (gone, since) = (clock.wrapping_sub(self.at), ticks.wrapping_sub(self.ticks));
        if self.lasts == 0 && gone < PERIOD {
            return clock; // too short a time to measure anything by
        }
        let measured =
            ((PERIOD / 2)..LONGEST).contains(&gone).then(|| (gone << 32).checked_div(since)).flatten();
        let agreed = measured.filter(|&rate| rate != 0 && rate.abs_diff(self.rate) <= self.rate >> AGREEMENT);
        // If the counter ran ahead a little, the clock has not reached the last returned time yet.
        let at = if agreed.is_some() && self.lasts != 0 { clock.max(self.at + PERIOD) } else { clock };
        let lasts = agreed.map_or(0, |rate| (PERIOD << 32) / rate);
        *self = Self { ticks, at, rate: measured.unwrap_or(self.rate), lasts };
        at
    }
}

#[cfg(test)]
mod tests;
