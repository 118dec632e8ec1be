//! The places of `max_concurrent_handlers`: how many async handlers may be at work at once, over the whole bus.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use crate::dispatch::run::desk::Desk;
use crate::dispatch::run::driver::Driver;
use crate::sync::planted;

/// Free places, and who waits for one, first come first served. It lives under the order lock.
pub(crate) struct Places {
    free: usize,
    next: u64,
    queue: VecDeque<(u64, Arc<Desk>)>,
    /// Places that were given to a waiting driver which has not come for it yet: at most as many as there are.
    granted: Vec<u64>,
}

/// How a driver stands to its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    None,
    Waits(u64),
    Held,
}

impl Places {
    pub(crate) fn new(limit: usize) -> Self {
        Self { free: limit, next: 0, queue: VecDeque::new(), granted: Vec::new() }
    }

    /// Takes a place if one is free. Nobody is overtaken: a free place means that nobody waits.
    pub(crate) fn try_take(&mut self) -> bool {
        let free = self.free > 0;
        self.free -= usize::from(free);
        free
    }

    /// Whether somebody waits for a place.
    pub(crate) fn is_contended(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Takes a place, or joins the queue with the desk at which the place is waited for.
    pub(crate) fn take(&mut self, place: &mut Place, desk: &Arc<Desk>) {
        match *place {
            Place::None if self.try_take() => *place = Place::Held,
            Place::None => self.queue(place, desk),
            Place::Waits(id) if self.is_granted(id) => *place = Place::Held,
            Place::Held | Place::Waits(_) => {}
        }
    }

    /// Joins the queue, unless a place is free.
    pub(crate) fn queue(&mut self, place: &mut Place, desk: &Arc<Desk>) {
        if self.free == 0 && *place == Place::None {
            self.next += 1;
            self.queue.push_back((self.next, Arc::clone(desk)));
            *place = Place::Waits(self.next);
        }
    }

    /// Gives the place to the driver that waits first, if it fits and still lies on its desk.
    pub(crate) fn heir(
        &mut self,
        place: &mut Place,
        fits: impl FnOnce(&Driver) -> bool,
    ) -> Option<Box<Driver>> {
        if *place != Place::Held || planted("place_kept") {
            return None;
        }
        let heir = self.queue.front()?.1.give_up(fits)?;
        self.queue.pop_front();
        *place = Place::None;
        Some(heir)
    }

    /// Gives a place back, or leaves the queue. Whoever gets the place next must be woken after the lock.
    #[inline]
    pub(crate) fn give(&mut self, place: &mut Place) -> Option<Waker> {
        match std::mem::replace(place, Place::None) {
            Place::None => None,
            Place::Held => self.hand_on(),
            Place::Waits(id) => {
                if self.is_granted(id) {
                    return self.hand_on();
                }
                let at = self.queue.iter().position(|(waits, _)| *waits == id)?;
                self.queue.remove(at).map(|(_, desk)| desk.into())
            }
        }
    }

    /// Whether a waiting driver was given a place. It has it then.
    fn is_granted(&mut self, id: u64) -> bool {
        let at = self.granted.iter().position(|granted| *granted == id);
        at.map(|at| self.granted.swap_remove(at)).is_some()
    }

    fn hand_on(&mut self) -> Option<Waker> {
        if !planted("place_kept")
            && let Some((id, desk)) = self.queue.pop_front()
        {
            self.granted.push(id);
            return Some(desk.into());
        }
        self.free += 1;
        None
    }
}
