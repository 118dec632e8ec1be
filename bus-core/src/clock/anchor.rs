//! The time read off the processor's counter.
//!
//! How fast the counter runs is not asked anywhere: it is measured between two looks at the clock, on each thread, and only believed where two measurements in a row agree. So
//! nothing has to be tuned at the start, a clock that is put right or a machine that has slept is noticed within a millisecond, and a counter that does not run evenly is never used.

use std::cell::Cell;
use std::sync::OnceLock;

use fast_clock::Clock;
use fast_clock::tsc::Tsc;

/// For how long the counter is trusted after a look at the clock, in nanoseconds.
const STRETCH: u64 = 1_000_000;

/// How far apart two looks may be for the counter's speed to be measured between them.
const LONGEST: u64 = 16 * STRETCH;

/// Two measurements agree if they differ by less than one part in two to the power of this: a quarter of a microsecond in a stretch.
const AGREEMENT: u32 = 12;

/// A thread's last look at the clock.
#[derive(Clone, Copy)]
struct Anchor {
    /// What the counter said then.
    ticks: u64,
    /// What the clock said then, in nanoseconds since 1970.
    at: u64,
    /// Nanoseconds a tick, times two to the power of 32; 0 where it was never measured.
    rate: u64,
    /// For how many ticks it may be used. None, unless the last two measurements agree.
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

/// The first look of a thread at the clock. Where the kernel does not trust the counter, each is the first.
#[cold]
fn first() -> u64 {
    static TRUSTED: OnceLock<Option<Tsc>> = OnceLock::new();
    COUNTER.set(*TRUSTED.get_or_init(|| Tsc::try_new_linux_sys().ok()));
    super::asked()
}

/// Looks at both. Whoever is interrupted between the two looks again, but not for ever.
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

    /// The time by the counter alone, if the last look at the clock is not too long ago.
    #[inline]
    fn at(&self, ticks: u64) -> Option<u64> {
        let since = ticks.wrapping_sub(self.ticks);
        (since < self.lasts).then(|| self.at + ((since * self.rate) >> 32))
    }

    /// Learns what the clock says, and gives the time.
    fn look(&mut self, ticks: u64, clock: u64) -> u64 {
        // Either may have been put back: then these are huge.
        let (gone, since) = (clock.wrapping_sub(self.at), ticks.wrapping_sub(self.ticks));
        if self.lasts == 0 && gone < STRETCH {
            return clock; // too short a time to measure anything by
        }
        let measured =
            ((STRETCH / 2)..LONGEST).contains(&gone).then(|| (gone << 32).checked_div(since)).flatten();
        let agreed = measured.filter(|&rate| rate != 0 && rate.abs_diff(self.rate) <= self.rate >> AGREEMENT);
        // Where the counter ran ahead a little, the clock has not come to what was told last.
        let at = if agreed.is_some() && self.lasts != 0 { clock.max(self.at + STRETCH) } else { clock };
        let lasts = agreed.map_or(0, |rate| (STRETCH << 32) / rate);
        *self = Self { ticks, at, rate: measured.unwrap_or(self.rate), lasts };
        at
    }
}

#[cfg(test)]
mod tests;
