//! How far a reader has read on its tape.

use crate::sync::{AtomicU64, Ordering, planted};

/// The place of the next event that a reader reads. Whoever moves it decides: the reader moves it on without the order lock, a publish lifts it off the tape under that lock, and either sees at
/// once what the other did. So an event is read or goes to the reader's own queue, never both.
#[derive(Debug)]
pub(crate) struct Needle(AtomicU64);

/// Marks a needle that is not on the tape.
const LIFTED: u64 = 1 << 63;

impl Default for Needle {
    fn default() -> Self {
        Self(AtomicU64::new(LIFTED))
    }
}

impl Needle {
    /// Puts it on the tape. Only under the order lock, for a needle that is lifted.
    pub(crate) fn set(&self, place: u64) {
        self.0.store(place, Ordering::Release);
    }

    /// Takes the next event for the reader, if the needle is on the tape.
    #[inline]
    pub(crate) fn advance(&self) -> bool {
        self.0.fetch_add(1, Ordering::AcqRel) & LIFTED == 0 || planted("needle_unasked")
    }

    /// The place of the next event.
    pub(crate) fn place(&self) -> u64 {
        self.0.load(Ordering::Acquire) & !LIFTED
    }

    /// Lifts it off the tape: the reader takes no more events there. Gives where it was.
    pub(crate) fn lift(&self) -> u64 {
        self.0.fetch_or(LIFTED, Ordering::AcqRel) & !LIFTED
    }
}
