//! Reads the processor's counter.

use std::cell::Cell;
use std::sync::OnceLock;
use std::time::SystemTime;

use fast_clock::Clock;
use fast_clock::tsc::Tsc;

use super::anchor::Anchor;

thread_local! {
    static COUNTER: Cell<Option<Tsc>> = const { Cell::new(None) };
    static ANCHOR: Anchor = const { Anchor::new() };
}

/// Nanoseconds since 1970.
#[inline]
pub(super) fn now() -> u64 {
    let Some(counter) = COUNTER.get() else { return first() };
    let ticks = counter.now().to_ticks();
    ANCHOR.with(|anchor| anchor.at(ticks).unwrap_or_else(|| look(anchor, counter)))
}

/// The first look of a thread at the clock. Where the kernel does not trust the counter, each is
/// the first.
#[cold]
fn first() -> u64 {
    static TRUSTED: OnceLock<Option<Tsc>> = OnceLock::new();
    COUNTER.set(*TRUSTED.get_or_init(|| Tsc::try_new_linux_sys().ok()));
    system()
}

/// Looks at both. A thread that is interrupted between the two looks again, but not for ever.
#[cold]
fn look(anchor: &Anchor, counter: Tsc) -> u64 {
    let tick = || counter.now().to_ticks();
    let mut seen = (tick(), system());
    for _ in 0..2 {
        if tick().wrapping_sub(seen.0) <= anchor.slack() {
            break;
        }
        seen = (tick(), system());
    }
    anchor.look(seen.0, seen.1)
}

/// Returns the time of the system's clock, in nanoseconds since 1970 and until 2554. Outside of
/// that it returns 0.
fn system() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or_default()
}
