//! The permits of `max_concurrent_handlers`: how many async handlers may be at work at once, over
//! the whole bus.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use crate::delivery::slab::Key;
use crate::delivery::task::Slot;
use crate::sync::failpoint;

/// Free permits, and who waits for one, first come first served. It lives under the lock.
pub(crate) struct Permits {
    /// Below zero after a handler took its permit back as a debt (see [`Permits::take_back`]).
    free: isize,
    next: u64,
    queue: VecDeque<(u64, Key, Arc<Slot>)>,
    /// Permits that were granted to a waiting task which has not come for them yet: at most as many
    /// as there are.
    granted: Vec<u64>,
    /// The first waiter of the queue at the last look, and the tick of the first look at it; 0 once
    /// that was reported.
    first: (u64, u64),
}

/// How an async handler stands to its permit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Permit {
    #[default]
    None,
    Waits(u64),
    Held,
    /// It needs none.
    Exempt,
}

impl Permit {
    /// Whether its handler may run.
    #[inline]
    pub(crate) fn allows(self) -> bool {
        matches!(self, Self::Held | Self::Exempt)
    }
}

impl Permits {
    pub(crate) fn new(limit: usize) -> Self {
        let free = isize::try_from(limit).unwrap_or(isize::MAX);
        Self { free, next: 0, queue: VecDeque::new(), granted: Vec::new(), first: (0, 0) }
    }

    /// Takes a permit if one is free. Nobody is overtaken: a free permit means that nobody waits.
    pub(crate) fn try_take(&mut self) -> bool {
        let free = self.free > 0;
        self.free -= isize::from(free);
        free
    }

    /// Whether somebody waits for a permit.
    pub(crate) fn is_contended(&self) -> bool {
        !self.queue.is_empty()
    }

    /// How many tasks wait for a permit, where the first of them has for more than so many ticks:
    /// reported once for each.
    pub(crate) fn stalled(&mut self, tick: u64, ticks: u64) -> Option<usize> {
        let (id, ..) = self.queue.front()?;
        if self.first.0 != *id {
            self.first = (*id, tick);
        } else if self.first.1 != 0 && tick.saturating_sub(self.first.1) > ticks {
            self.first.1 = 0;
            return Some(self.queue.len());
        }
        None
    }

    /// Takes a permit, or joins the queue with the slot whose task is to be woken.
    pub(crate) fn take(&mut self, permit: &mut Permit, group: Key, slot: &Arc<Slot>) {
        match *permit {
            Permit::None if self.try_take() => *permit = Permit::Held,
            Permit::None => self.queue(permit, group, slot),
            Permit::Waits(id) if self.is_granted(id) => *permit = Permit::Held,
            Permit::Held | Permit::Exempt | Permit::Waits(_) => {}
        }
    }

    /// Joins the queue, unless a permit is free.
    pub(crate) fn queue(&mut self, permit: &mut Permit, group: Key, slot: &Arc<Slot>) {
        if self.free <= 0 && *permit == Permit::None {
            self.next += 1;
            self.queue.push_back((self.next, group, Arc::clone(slot)));
            *permit = Permit::Waits(self.next);
        }
    }

    /// Releases a permit, or leaves the queue. Whoever gets the permit next must be woken after the
    /// lock.
    #[inline]
    pub(crate) fn give(&mut self, permit: &mut Permit) -> Option<Waker> {
        match std::mem::replace(permit, Permit::None) {
            Permit::None | Permit::Exempt => None,
            Permit::Held => self.release(),
            Permit::Waits(id) => {
                if self.is_granted(id) {
                    return self.release();
                }
                let at = self.queue.iter().position(|(waits, ..)| *waits == id)?;
                self.queue.remove(at).map(|(_, _, slot)| slot.into())
            }
        }
    }

    /// The tasks of a group that wait for a permit: they need none once it has ended.
    pub(crate) fn waiting_of(&self, group: Key) -> impl Iterator<Item = Waker> {
        let waiting = self.queue.iter().filter(move |(_, waits, _)| *waits == group);
        waiting.map(|(_, _, slot)| Arc::clone(slot).into())
    }

    /// Takes a permit whether one is free or not: a handler whose thread was blocked above it gave
    /// its permit back, and must not wait for another one, since the thread waits with it.
    pub(crate) fn take_back(&mut self) {
        self.free -= isize::from(!failpoint("debt_forgotten"));
    }

    /// Releases one permit.
    pub(crate) fn release(&mut self) -> Option<Waker> {
        if self.free >= 0
            && !failpoint("permit_kept")
            && let Some((id, _, slot)) = self.queue.pop_front()
        {
            self.granted.push(id);
            return Some(slot.into());
        }
        self.free += 1;
        None
    }

    /// Whether a waiting task was granted a permit. It holds it then.
    fn is_granted(&mut self, id: u64) -> bool {
        let at = self.granted.iter().position(|granted| *granted == id);
        at.map(|at| self.granted.swap_remove(at)).is_some()
    }
}
