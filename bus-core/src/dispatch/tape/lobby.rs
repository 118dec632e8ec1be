//! Riders that have read everything, and wait for the next event.

use std::cell::Cell;
use std::task::Waker;

use crate::dispatch::run::after::guard_each;
use crate::dispatch::run::context::CalledBack;
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
struct Waiting {
    /// Gone once it is woken.
    waker: Option<Waker>,
    rider: Key,
}

/// Riders to be woken when the locks are gone.
#[derive(Default)]
pub(crate) struct Crowd(Vec<Waiting>);

// The memory of the last crowd, for the next one.
crate::sync::per_thread_plain!(SPARE: Cell<Vec<Waiting>> = Cell::new(Vec::new()));

impl Crowd {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn take_in(&mut self, waiting: &mut Vec<Waiting>) {
        if self.0.capacity() == 0 {
            self.0 = SPARE.try_with(Cell::take).unwrap_or_default();
        }
        self.0.append(waiting);
    }

    /// Wakes them. No lock may be held.
    #[inline]
    pub(crate) fn wake(&mut self) {
        if !self.0.is_empty() {
            self.wake_each();
        }
    }

    #[inline(never)]
    fn wake_each(&mut self) {
        let _called_back = CalledBack::enter();
        let wakers = self.0.iter_mut().filter(|_| !planted("reader_unwoken"));
        guard_each(wakers.filter_map(|waiting| waiting.waker.take()), Waker::wake);
        self.0.clear();
        // A thread at its end may have none any more.
        drop(SPARE.try_with(|spare| spare.replace(std::mem::take(&mut self.0))));
    }
}

/// The round in which a rider began to wait, and its place among those who wait.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot {
    round: u64,
    at: usize,
}

impl Lobby {
    /// Lets all who wait go with a crowd, to be woken.
    #[inline]
    pub(super) fn leave_all(&mut self, crowd: &mut Crowd) {
        if !self.waiting.is_empty() {
            self.round += 1;
            crowd.take_in(&mut self.waiting);
        }
    }

    /// Lets a rider in.
    #[inline]
    pub(super) fn enter(&mut self, rider: Key, waker: Waker) -> Spot {
        self.waiting.push(Waiting { waker: Some(waker), rider });
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
        self.waiting.get_mut(spot.at)?.waker.as_mut()
    }

    /// Gives the waker of a rider back, and who has its spot now.
    pub(super) fn leave(&mut self, spot: Spot) -> (Option<Waker>, Option<Key>) {
        if self.own(spot).is_none() {
            return (None, None);
        }
        let left = self.waiting.swap_remove(spot.at);
        (left.waker, self.waiting.get(spot.at).map(|moved| moved.rider))
    }
}
