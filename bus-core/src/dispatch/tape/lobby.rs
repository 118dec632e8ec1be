//! Riders that have read everything, and wait for the next event.

use std::task::Waker;

use crate::dispatch::run::after::After;
use crate::dispatch::slab::Key;
use crate::sync::planted;

/// Who waits, and beside each its waker.
#[derive(Default)]
pub(super) struct Lobby {
    waiting: Vec<Key>,
    wakers: Vec<Waker>,
    /// How often those who waited were woken.
    round: u64,
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
        if self.wakers.is_empty() {
            return;
        }
        self.waiting.clear();
        self.round += 1;
        // One waits mostly where there is one reader: the list keeps its memory then.
        if self.wakers.len() == 1 && !planted("reader_unwoken") {
            after.wakers.extend(self.wakers.pop());
            return;
        }
        let woken = std::mem::take(&mut self.wakers);
        if planted("reader_unwoken") {
            after.rare().wakers_to_drop.extend(woken);
        } else if after.crowd.is_empty() {
            after.crowd = woken;
        } else {
            after.crowd.extend(woken);
        }
    }

    /// Lets a rider in.
    pub(super) fn enter(&mut self, key: Key, waker: Waker) -> Spot {
        self.waiting.push(key);
        self.wakers.push(waker);
        Spot { round: self.round, at: self.wakers.len() - 1 }
    }

    /// Leaves a rider's waker for the next event. Gives one that it replaces. `all` is how many may come to wait.
    #[inline]
    pub(super) fn wait(
        &mut self,
        key: Key,
        spot: &mut Option<Spot>,
        waker: &Waker,
        all: usize,
    ) -> Option<Waker> {
        if let Some(own) = spot.and_then(|spot| self.own(spot)) {
            return if own.will_wake(waker) { None } else { Some(std::mem::replace(own, waker.clone())) };
        }
        if self.wakers.capacity() == 0 {
            self.wakers.reserve(all);
        }
        *spot = Some(self.enter(key, waker.clone()));
        None
    }

    fn own(&mut self, spot: Spot) -> Option<&mut Waker> {
        if spot.round == self.round { self.wakers.get_mut(spot.at) } else { None }
    }

    /// Gives the waker of a rider back, and who has its spot now.
    pub(super) fn leave(&mut self, spot: Spot) -> (Option<Waker>, Option<Key>) {
        if self.own(spot).is_none() {
            return (None, None);
        }
        self.waiting.swap_remove(spot.at);
        (Some(self.wakers.swap_remove(spot.at)), self.waiting.get(spot.at).copied())
    }
}
