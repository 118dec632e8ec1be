//! The readers that wait for the next event of a ring, in batches of their wakers.

use std::task::Waker;

use crate::delivery::effects::Effects;
use crate::delivery::slab::Key;
use crate::sync::failpoint;

/// Readers that have read everything and wait for the next event.
#[derive(Default)]
pub(super) struct Waiters {
    waiting: Vec<WaitingReader>,
    /// How often those who waited were woken.
    round: u64,
}

/// A reader's waker. The reader is noted so that its spot can be changed.
struct WaitingReader {
    waker: Waker,
    entry: Key,
}

/// The round in which a reader began to wait, and its index among those who wait.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot {
    round: u64,
    at: usize,
}

impl Waiters {
    #[inline]
    pub(super) fn leave_all(&mut self, effects: &mut Effects) {
        if !self.waiting.is_empty() {
            self.round += 1;
            effects.work().batch.0.append(&mut self.waiting);
        }
    }

    pub(super) fn enter(&mut self, entry: Key, waker: Waker) -> Spot {
        self.waiting.push(WaitingReader { waker, entry });
        Spot { round: self.round, at: self.waiting.len() - 1 }
    }

    /// Stores a reader's waker for the next event. One that it replaces comes back.
    pub(super) fn wait(&mut self, entry: Key, spot: &mut Option<Spot>, waker: &Waker) -> Option<Waker> {
        if let Some(own) = spot.and_then(|spot| self.own(spot)) {
            return if own.will_wake(waker) { None } else { Some(std::mem::replace(own, waker.clone())) };
        }
        *spot = Some(self.enter(entry, waker.clone()));
        None
    }

    fn own(&mut self, spot: Spot) -> Option<&mut Waker> {
        if spot.round != self.round {
            return None;
        }
        Some(&mut self.waiting.get_mut(spot.at)?.waker)
    }

    /// Returns the waker of a reader, and who has its spot now.
    pub(super) fn leave(&mut self, spot: Spot) -> (Option<Waker>, Option<Key>) {
        if self.own(spot).is_none() {
            return (None, None);
        }
        let left = self.waiting.swap_remove(spot.at);
        (Some(left.waker), self.waiting.get(spot.at).map(|moved| moved.entry))
    }
}

/// Readers to be woken when the locks are free.
#[derive(Default)]
pub(crate) struct WakeBatch(Vec<WaitingReader>);

impl WakeBatch {
    pub(crate) fn capacity(&self) -> usize {
        self.0.capacity()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes the wakers out, to be called when no lock is held.
    #[inline]
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Waker> {
        let waiting = self.0.drain(..).filter(|_| !failpoint("reader_unwoken"));
        waiting.map(|waiting| waiting.waker)
    }
}
