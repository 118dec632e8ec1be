//! Riders that have read everything, and wait for the next event.

use std::task::Waker;

use crate::dispatch::run::after::After;
use crate::dispatch::slab::Key;
use crate::sync::planted;

/// Who waits.
#[derive(Default)]
pub(super) struct Lobby {
    waiting: Vec<Waiting>,
    /// How often those who waited were woken.
    round: u64,
}

/// A rider's waker. The rider is noted so that it can be told when its spot changes.
pub(crate) struct Waiting {
    pub(crate) waker: Waker,
    rider: Key,
}

/// The round in which a rider began to wait, and its place among those who wait.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot {
    round: u64,
    at: usize,
}

impl Lobby {
    /// Wakes all who wait.
    #[inline]
    pub(super) fn wake(&mut self, after: &mut After) {
        if self.waiting.is_empty() {
            return;
        }
        self.round += 1;
        if planted("reader_unwoken") {
            self.waiting.drain(..).for_each(|left| after.rare().wakers_to_drop.push(left.waker));
        } else if self.waiting.len() == 1 {
            after.wakers.extend(self.waiting.pop().map(|left| left.waker));
        } else {
            after.wake_crowd(&mut self.waiting);
        }
    }

    /// Lets a rider in.
    #[inline]
    pub(super) fn enter(&mut self, rider: Key, waker: Waker) -> Spot {
        self.waiting.push(Waiting { waker, rider });
        Spot { round: self.round, at: self.waiting.len() - 1 }
    }

    /// Leaves a rider's waker for the next event. Gives one that it replaces.
    #[inline]
    pub(super) fn wait(&mut self, rider: Key, spot: &mut Option<Spot>, waker: &Waker) -> Option<Waker> {
        if let Some(own) = spot.and_then(|spot| self.own(spot)) {
            return if own.will_wake(waker) { None } else { Some(std::mem::replace(own, waker.clone())) };
        }
        *spot = Some(self.enter(rider, waker.clone()));
        None
    }

    fn own(&mut self, spot: Spot) -> Option<&mut Waker> {
        if spot.round != self.round {
            return None;
        }
        self.waiting.get_mut(spot.at).map(|left| &mut left.waker)
    }

    /// Gives the waker of a rider back, and who has its spot now.
    pub(super) fn leave(&mut self, spot: Spot) -> (Option<Waker>, Option<Key>) {
        if self.own(spot).is_none() {
            return (None, None);
        }
        let left = self.waiting.swap_remove(spot.at);
        (Some(left.waker), self.waiting.get(spot.at).map(|moved| moved.rider))
    }
}
